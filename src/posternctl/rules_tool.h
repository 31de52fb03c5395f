// Runs the tools that load rules, and turns what they complain about into one line that says what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::ctl {

// What the tool wrote to its standard output; an error where it is absent or ended with anything but 0.
[[nodiscard]] Result<std::string> run_tool(const std::vector<std::string>& argv, std::string_view input = {});

}  // namespace postern::ctl
