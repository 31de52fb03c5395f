// The rules of others in what `nft -s list ruleset` prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::survey {

struct NftRule {
    std::string table;  // "inet filter"
    std::string chain;
    std::string text;
};

// Not ours, and not in tables that iptables-nft has made: iptables-save shows those as they were meant.
[[nodiscard]] std::vector<NftRule> foreign_rules(std::string_view listing);

// Their tables, in order: "inet firewalld".
[[nodiscard]] std::vector<std::string> foreign_tables(std::string_view listing);

}  // namespace postern::survey
