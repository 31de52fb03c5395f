// Inside of control/: columns that line up.
#pragma once

#include <string>
#include <vector>

namespace postern::control::detail {

using TableRow = std::vector<std::string>;

// The first row is the heading. Columns are as wide as their widest cell and two spaces apart; a column whose cells are
// all numbers stands to the right. Bytes that a terminal would obey become question marks.
[[nodiscard]] std::string table(const std::vector<TableRow>& rows);

}  // namespace postern::control::detail
