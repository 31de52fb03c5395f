// A disk that can lose its power: SQLite writes through it, every write and sync is recorded, and the files can be made
// as they may lie there after a loss of power between any two of these operations.
//
// What was synced is there. Of what was written to a file since its last sync, each sector is there or not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace postern::test {

struct DiskOperation {
    enum class Kind { write, truncate, sync, remove } kind;
    std::string file;         // its name, without the directory
    std::int64_t offset = 0;  // of a write; of a truncate, the length
    std::string bytes;
};

// While one lives, every database that is opened anew is recorded. One at a time.
class RecordedDisk {
public:
    RecordedDisk();
    ~RecordedDisk();
    RecordedDisk(const RecordedDisk&) = delete;
    RecordedDisk& operator=(const RecordedDisk&) = delete;

    [[nodiscard]] std::size_t operations() const;

    // The files after a loss of power when so many operations were done.
    void restore(std::size_t operations, std::mt19937& random, const std::filesystem::path& directory) const;
};

}  // namespace postern::test
