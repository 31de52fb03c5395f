// What `iptables-save` tells about our rules: how a ruleset is put in or taken out among those of others in one
// transaction, and what is wrong with what is loaded. Pure: texts in, texts and findings out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/compare.h"

namespace postern::rules {

// One table as `iptables-save -t NAME` prints it.
struct SavedTable {
    std::string name;
    std::vector<std::string> chains;
    std::vector<std::string> rules;  // "-A CHAIN ...", in order, without counters
};

using Saved = std::vector<SavedTable>;

// Lines that are not understood are left out: comments, counters, policies.
[[nodiscard]] Saved parse_saved(std::string_view text);

// Whether any of our chains is there, or a rule that leads to one.
[[nodiscard]] bool present(const Saved& loaded);

// `rendered` (of render_iptables) with every jump to us that is loaded taken out before ours go in: afterwards there is
// exactly one, the first of its chain. Chains and tables of ours that it does not have any more go, too.
[[nodiscard]] std::string with_repairs(std::string_view rendered, const Saved& loaded);

// `iptables-restore --noflush` input that takes out jumps and chains of ours that are loaded; empty where none is.
// Mangle goes first: while raw still clears marks, nobody brings a verdict of his own.
[[nodiscard]] std::string render_removal(const Saved& loaded);

// How `loaded` differs from `expected`, the save of a place that holds nothing but our rules. `tool` begins each
// finding.
void compare(std::string_view tool, const Saved& expected, const Saved& loaded, Findings& findings);

}  // namespace postern::rules
