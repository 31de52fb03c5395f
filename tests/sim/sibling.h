// A program that lies beside this one.
#pragma once

#include <string>
#include <vector>

namespace postern::sim {

// Runs it to its end with these arguments; whether it returned 0.
[[nodiscard]] bool run_sibling(const std::string& name, const std::vector<std::string>& arguments);

}  // namespace postern::sim
