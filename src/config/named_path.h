// Two places that a policy names and that are needed although it has mistakes: where the daemon is asked, and what it
// keeps. Found in a file that is YAML whatever else is wrong with it; in one that is none any more, by their looks.
#pragma once

#include <filesystem>

namespace postern::config {

// state.directory; the default where it is not found.
[[nodiscard]] std::filesystem::path state_directory(const std::filesystem::path& file);

// control.socket; the default where it is not found.
[[nodiscard]] std::filesystem::path control_socket(const std::filesystem::path& file);

}  // namespace postern::config
