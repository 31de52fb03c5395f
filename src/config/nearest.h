// The word somebody may have meant.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace postern::config {

// The known word that is at most two slips away from `word` (one, where it has up to three letters): a letter too many,
// too few, wrong, or two neighbours swapped. Nothing where none is.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      const std::vector<std::string_view>& known);

}  // namespace postern::config
