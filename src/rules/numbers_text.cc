// How the numbers, their targets and the generation of a ruleset are written down and read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "rules/numbers.h"
#include "rules/words.h"

namespace postern::rules {
namespace {

constexpr std::string_view head =
    "# Which mark each forward_to has: made by `posternctl rules apply`, read by posternd, not to be edited.\n";
constexpr std::size_t most_rows = 4 * most_forwards;

// Takes the text up to the separator, or all of it, off `rest`.
std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view front = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return front;
}

std::optional<std::uint64_t> number(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "0 admin 10.0.0.7:443 3-" or "... 3-6"
std::optional<NumberRow> row_of(std::string_view line) {
    const auto given = number(take(line, ' '));
    NumberRow row{0, std::string{take(line, ' ')}, std::string{take(line, ' ')}, 0, 0};
    const auto first = number(take(line, '-'));
    const auto last = line.empty() ? std::uint64_t{0} : number(line);
    if (!given || *given >= most_forwards || row.service.empty() || row.targets.empty() || !first || !last)
        return std::nullopt;
    row.number = static_cast<unsigned>(*given);
    row.first = *first;
    row.last = *last;
    return row;
}

bool read_line(std::string_view line, Numbers& into) {
    if (constexpr std::string_view word = "digest "; line.starts_with(word)) {
        const auto value = number(line.substr(word.size()), 16);
        into.digest = value.value_or(0);
        return value.has_value();
    }
    for (const auto& [word, member] : {std::pair{"applied ", &Numbers::applied}, {"settled ", &Numbers::settled}}) {
        if (!line.starts_with(word)) continue;
        const auto value = number(line.substr(std::string_view{word}.size()));
        into.*member = value.value_or(0);
        return value.has_value();
    }
    const auto row = row_of(line);
    if (row) into.rows.push_back(*row);
    return row && into.rows.size() <= most_rows;
}

}  // namespace

std::string to_text(const std::vector<ForwardTarget>& targets) {
    std::string text;
    for (const Family family : {Family::v4, Family::v6})
        for (const auto& [address, port] : targets) {
            if (address.family != family) continue;
            text += fmt::format(fmt::runtime(family == Family::v4 ? "{}{}:{}" : "{}[{}]:{}"), text.empty() ? "" : ",",
                                postern::to_text(address), port);
        }
    return text;
}

Result<Numbers> parse_numbers(std::string_view text) {
    Numbers numbers;
    for (unsigned place = 1; !text.empty(); ++place) {
        const std::string_view line = take(text, '\n');
        if (line.empty() || line.starts_with('#')) continue;
        if (!read_line(line, numbers))
            return failure(
                fmt::format("line {} is none that `posternctl rules apply` writes; expected "
                            "\"NUMBER SERVICE TARGET FIRST-LAST\", put the file back as it was",
                            place));
    }
    return numbers;
}

std::string to_text(const Numbers& numbers) {
    std::string text =
        fmt::format("{}applied {}\nsettled {}\ndigest {:x}\n", head, numbers.applied, numbers.settled, numbers.digest);
    for (const NumberRow& row : numbers.rows)
        text += fmt::format("{} {} {} {}-{}\n", row.number, row.service, row.targets, row.first,
                            row.last == 0 ? "" : std::to_string(row.last));
    return text;
}

Generation generation_of(std::string_view ruleset) {
    const std::size_t at = ruleset.find(generation_words);
    if (at == std::string_view::npos) return 0;
    ruleset.remove_prefix(at + generation_words.size());
    return number(take(ruleset, '"')).value_or(0);
}

}  // namespace postern::rules
