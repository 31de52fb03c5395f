#include "rules/compare.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::rules {
namespace {

std::string_view trimmed(std::string_view line) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

const Block* find(const std::vector<Block>& blocks, const std::string& name) {
    const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) { return b.name == name; });
    return found == blocks.end() ? nullptr : &*found;
}

std::string quoted(const Block& block, std::size_t line) {
    return line < block.lines.size() ? fmt::format("\"{}\"", without_seed(block.lines[line])) : "nothing";
}

void compare_lines(std::string_view where, const Block& expected, const Block& loaded, Findings& findings) {
    const auto [at, other] =
        std::mismatch(expected.lines.begin(), expected.lines.end(), loaded.lines.begin(), loaded.lines.end());
    if (at == expected.lines.end() && other == loaded.lines.end()) return;
    const auto line = static_cast<std::size_t>(at - expected.lines.begin());
    findings.push_back(fmt::format("{}: {} differs in line {}: got {}, expected {}", where, expected.name, line + 1,
                                   quoted(loaded, line), quoted(expected, line)));
}

}  // namespace

std::string without_seed(std::string text) {
    constexpr std::string_view word = "seed 0x";
    const std::size_t at = text.find(word);
    if (at == std::string::npos) return text;
    const std::size_t digits = at + word.size();
    const std::size_t end = std::min(text.find_first_not_of("0123456789abcdef", digits), text.size());
    return text.replace(digits, end - digits, "...");
}

std::vector<Block> nft_blocks(std::string_view listing) {
    std::vector<Block> blocks{{"table", {}}};
    bool inside = false;
    while (!listing.empty()) {
        const std::size_t end = std::min(listing.find('\n'), listing.size());
        const std::string_view line = trimmed(listing.substr(0, end));
        listing.remove_prefix(std::min(end + 1, listing.size()));
        if (line.empty() || line.starts_with("table ")) continue;
        const bool opens = line.starts_with("chain ") || line.starts_with("set ");
        if (opens) blocks.push_back({std::string{line.substr(0, line.rfind(' '))}, {}});
        if (opens || line == "}")
            inside = opens;
        else
            (inside ? blocks.back() : blocks.front()).lines.emplace_back(line);
    }
    return blocks;
}

void compare(std::string_view where, const std::vector<Block>& expected, const std::vector<Block>& loaded,
             Findings& findings) {
    for (const Block& block : expected) {
        if (const Block* there = find(loaded, block.name))
            compare_lines(where, block, *there, findings);
        else
            findings.push_back(fmt::format("{}: {} is missing", where, block.name));
    }
    for (const Block& block : loaded)
        if (!find(expected, block.name)) findings.push_back(fmt::format("{}: {} is not expected", where, block.name));
}

}  // namespace postern::rules
