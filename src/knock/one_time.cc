#include "knock/one_time.h"

namespace postern::knock {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

}  // namespace

LineWindow LineCounter::window(const OneTimeList& list) const noexcept {
    const Position at = position();
    if (at.list != list.id) return {};
    return {at.next, std::min<std::uint32_t>(at.next + list.look_ahead, static_cast<std::uint32_t>(list.lines.size()))};
}

LineCounter::Use LineCounter::take(ListId list, std::uint32_t line) noexcept {
    Word word = word_.load();
    for (;;) {
        const Position at = position_of(word);
        if (at.list != list || line < at.next) return Use::spent;
        if (word_.compare_exchange_weak(word, word_of({list, line + 1, at.reserved})))
            return line < at.reserved ? Use::taken : Use::not_durable;
    }
}

void LineCounter::reserve(ListId list, std::uint32_t to) noexcept {
    Word word = word_.load();
    for (;;) {
        Position at = position_of(word);
        if (at.list != list || to <= at.reserved) return;
        at.reserved = to;
        if (word_.compare_exchange_weak(word, word_of(at))) return;
    }
}

bool is_skipped(std::string_view line) noexcept { return line.starts_with('#') || trimmed(line).empty(); }

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = line.find(',');
        words.push_back(trimmed(line.substr(0, comma)));
        if (comma != std::string_view::npos) line.remove_prefix(comma + 1);
    }
    return words;
}

}  // namespace postern::knock
