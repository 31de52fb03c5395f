#include "survey/lines.h"

#include <algorithm>

namespace postern::survey {
namespace {

std::vector<std::string_view> cut(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) { return cut(text, "\n"); }

std::vector<std::string_view> words_of(std::string_view line) { return cut(line, " \t"); }

std::string_view behind(const std::vector<std::string_view>& words, std::string_view key) {
    const auto found = std::ranges::find(words, key);
    return found == words.end() || found + 1 == words.end() ? std::string_view{} : *(found + 1);
}

}  // namespace postern::survey
