// What is wrong with the rules that iptables-save shows: jumps, chains, and rules of others that take marks away.
#include <fmt/format.h>

#include <algorithm>

#include "rules/saved.h"
#include "rules/saved_rule.h"

namespace postern::rules {
namespace {

using Rules = std::vector<std::string>;

Rules rules_of(const SavedTable& table, std::string_view chain) {
    Rules rules;
    std::copy_if(table.rules.begin(), table.rules.end(), std::back_inserter(rules),
                 [&](const std::string& rule) { return chain_of(rule) == chain; });
    return rules;
}

std::vector<Block> our_blocks(const SavedTable& table) {
    std::vector<Block> blocks;
    for (const std::string& chain : table.chains)
        if (is_ours(chain)) blocks.push_back({"chain " + chain, rules_of(table, chain)});
    return blocks;
}

// Whether this rule, or a chain of somebody that it leads to, sets or restores a mark.
bool touches_marks(const SavedTable& table, const std::string& rule) {
    const std::string_view target = target_of(rule);
    if (target == "MARK") return true;
    if (target == "CONNMARK") return rule.find("--save-mark") == std::string::npos;
    if (is_ours(target)) return false;
    const Rules inner = rules_of(table, target);
    return std::any_of(inner.begin(), inner.end(), [&](const std::string& one) { return touches_marks(table, one); });
}

// One hook of one table, in which exactly `jump` should stand, first.
class Hook {
public:
    Hook(std::string where, const SavedTable& table, const std::string& jump)
        : where_{std::move(where)}, table_{table}, jump_{jump}, rules_{rules_of(table, chain_of(jump))} {}

    void judge(Findings& findings) const {
        const auto first = std::find_if(rules_.begin(), rules_.end(), [&](const std::string& r) { return leads(r); });
        const auto count = std::count_if(rules_.begin(), rules_.end(), [&](const std::string& r) { return leads(r); });
        const auto say = [&](std::string text) { findings.push_back(where_ + ": " + std::move(text)); };
        if (count == 0) return say(fmt::format("the jump is missing, expected \"{}\"", jump_));
        if (count > 1) say(fmt::format("{} jumps to {}, expected one", count, target_of(jump_)));
        if (*first != jump_) say(fmt::format("the jump is \"{}\", expected \"{}\"", *first, jump_));
        if (first != rules_.begin())
            say(fmt::format("the jump is rule {} of {}, expected first", first - rules_.begin() + 1, chain_of(jump_)));
        for (auto rule = rules_.begin(); rule != first; ++rule)
            if (table_.name == "mangle" && touches_marks(table_, *rule))
                say(fmt::format("a rule of another stands before ours and touches marks: {}", *rule));
    }

private:
    [[nodiscard]] bool leads(const std::string& rule) const { return target_of(rule) == target_of(jump_); }

    std::string where_;
    const SavedTable& table_;
    const std::string& jump_;
    Rules rules_;
};

void compare_table(std::string_view tool, const SavedTable& expected, const SavedTable& loaded, Findings& findings) {
    const std::string where = fmt::format("{} {}", tool, expected.name);
    for (const std::string& rule : expected.rules)
        if (!is_ours(chain_of(rule))) Hook{where, loaded, rule}.judge(findings);
    compare(where, our_blocks(expected), our_blocks(loaded), findings);
}

}  // namespace

void compare(std::string_view tool, const Saved& expected, const Saved& loaded, Findings& findings) {
    for (const SavedTable& table : expected) {
        const auto there =
            std::find_if(loaded.begin(), loaded.end(), [&](const auto& t) { return t.name == table.name; });
        compare_table(tool, table, there == loaded.end() ? SavedTable{table.name, {}, {}} : *there, findings);
    }
    for (const SavedTable& table : loaded)
        if (std::none_of(expected.begin(), expected.end(), [&](const auto& t) { return t.name == table.name; }))
            compare_table(tool, {table.name, {}, {}}, table, findings);
}

}  // namespace postern::rules
