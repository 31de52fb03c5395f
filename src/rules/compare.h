// What differs between the rules that should be loaded and those that are. Pure: texts in, findings out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::rules {

// A chain, a set, or what stands in a table outside of both.
struct Block {
    std::string name;                // as findings call it: "chain gate"
    std::vector<std::string> lines;  // without indentation
};

// One line for a person per difference; none: the rules stand.
using Findings = std::vector<std::string>;

// The blocks of `nft -s -t list table inet postern`.
[[nodiscard]] std::vector<Block> nft_blocks(std::string_view listing);

// One finding per block that is missing, foreign or different, each beginning with `where`.
void compare(std::string_view where, const std::vector<Block>& expected, const std::vector<Block>& loaded,
             Findings& findings);

// The same line with the steering seed left out: what is said about a rule may end up in a log, and the seed is secret.
[[nodiscard]] std::string without_seed(std::string text);

}  // namespace postern::rules
