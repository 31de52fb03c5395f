// Where a policy that cannot be read says that the control socket is.
#pragma once

#include <filesystem>
#include <optional>

namespace postern::ctl {

// The value of control.socket by its looks, whatever else is wrong with the file; nothing where there is none.
[[nodiscard]] std::optional<std::filesystem::path> named_socket(const std::filesystem::path& policy_file);

}  // namespace postern::ctl
