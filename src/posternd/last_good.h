// The copy of the last policy without mistakes: a start with a broken one runs on it (policy_stale).
//
//     postern last good policy 1
//     /etc/postern/postern.yaml                 the policy that it is a copy of
//     482 postern.yaml                          bytes and name of each file, beside the policy's own
//     ...
//
// It holds YAML alone. Keys stay in their own files and are read from there, also for the copy.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "config/load.h"

namespace postern {

// Written whole or not at all, mode 0600. The Error says what could not be written and what to do.
[[nodiscard]] Result<void> keep_last_good(const std::filesystem::path& state_directory,
                                          const std::filesystem::path& policy_file, const config::PolicyText& text);

// Whether something lies where a copy would, sound or not.
[[nodiscard]] bool has_last_good(const std::filesystem::path& state_directory) noexcept;

// An Error where there is none, none of this policy, or one that has mistakes by now: its keys may be gone.
[[nodiscard]] Result<config::Configuration> load_last_good(const std::filesystem::path& state_directory,
                                                           const std::filesystem::path& policy_file, Names& names);

}  // namespace postern
