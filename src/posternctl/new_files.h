// Files that come into being together or not at all: what init and `clients add` make.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/files.h"

namespace postern::ctl {

using io::Owner;

// Each file appears under its name complete and on disk, and never in place of another. Unless keep() is called, the
// destructor removes every file and directory that was made.
class NewFiles {
public:
    NewFiles() = default;
    ~NewFiles();
    NewFiles(const NewFiles&) = delete;
    NewFiles& operator=(const NewFiles&) = delete;

    // Makes the directory and what is missing above it; one that exists is left as it is.
    [[nodiscard]] Result<void> make_directory(const std::filesystem::path& path, mode_t mode, Owner owner = {});

    // An Error where the name is taken.
    [[nodiscard]] Result<void> make_file(const std::filesystem::path& path, std::string_view content, mode_t mode,
                                         Owner owner = {});

    void keep() noexcept { made_.clear(); }

private:
    std::vector<std::filesystem::path> made_;  // oldest first
};

}  // namespace postern::ctl
