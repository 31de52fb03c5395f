// A directory that goes with the object; in memory where the host has such a place.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace postern::sim {

class Scratch {
public:
    Scratch() {
        const std::filesystem::path memory = "/dev/shm";
        const bool usable = std::filesystem::is_directory(memory);
        std::string name = ((usable ? memory : std::filesystem::temp_directory_path()) / "postern-sim-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error{name + ": cannot be made"};
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace postern::sim
