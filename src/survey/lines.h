// Texts as kernel and tools print them, cut into lines and words.
#pragma once

#include <string_view>
#include <vector>

namespace postern::survey {

// Empty lines are left out; the views are into `text`.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

// What stands between blanks.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);

// The word behind `key`; empty where there is none.
[[nodiscard]] std::string_view behind(const std::vector<std::string_view>& words, std::string_view key);

}  // namespace postern::survey
