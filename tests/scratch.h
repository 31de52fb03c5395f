// A directory of a test's own that goes with the object, and files in it; in memory where the host has such a place,
// because the syncs of a disk are slow.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace postern::test {

class ScratchDirectory {
public:
    ScratchDirectory() {
        const std::filesystem::path memory = "/dev/shm";
        const bool usable = std::filesystem::is_directory(memory);
        std::string name = (usable ? memory : std::filesystem::temp_directory_path()) / "postern-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{name + ": cannot be made"};
        path_ = name;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{path_}, {}));
    }
    void empty() const {
        for (const auto& entry : std::filesystem::directory_iterator{path_}) std::filesystem::remove_all(entry);
    }

private:
    std::filesystem::path path_;
};

inline std::string read_whole(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    if (!stream) throw std::runtime_error{file.string() + ": cannot be read"};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

inline void put_text(const std::filesystem::path& file, const std::string& text, mode_t mode = 0600) {
    const bool written = (std::ofstream{file, std::ios::binary} << text).good();
    if (!written || ::chmod(file.c_str(), mode) != 0) throw std::runtime_error{file.string() + ": cannot be written"};
}

}  // namespace postern::test
