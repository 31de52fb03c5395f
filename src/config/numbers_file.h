// The file of forward_to's numbers (rules/numbers.h), as the daemon and posternctl read it.
#pragma once

#include <filesystem>

#include "rules/numbers.h"

namespace postern::config {

// No file: no numbers. Errors name the file.
[[nodiscard]] Result<rules::Numbers> read_numbers(const std::filesystem::path& file);

}  // namespace postern::config
