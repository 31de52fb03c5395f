#include "rules/saved_rule.h"

#include <algorithm>

#include "rules/words.h"

namespace postern::rules {
namespace {

// Takes the next word off `rest`: up to a blank, or a text in double quotes with backslash escapes, as a whole.
std::string_view next_word(std::string_view& rest) noexcept {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != ' '); ++end) {
        if (rest[end] == '\\')
            ++end;
        else if (rest[end] == '"')
            quoted = !quoted;
    }
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end, rest.size()));
    return word;
}

}  // namespace

std::string_view chain_of(std::string_view rule) noexcept {
    next_word(rule);
    return next_word(rule);
}

std::string_view target_of(std::string_view rule) noexcept {
    while (!rule.empty())
        if (const std::string_view word = next_word(rule); word == "-j" || word == "-g") return next_word(rule);
    return {};
}

bool is_ours(std::string_view chain) noexcept {
    if (!chain.starts_with(iptables_prefix)) return false;
    chain.remove_prefix(iptables_prefix.size());
    return std::find(iptables_chains.begin(), iptables_chains.end(), chain) != iptables_chains.end();
}

}  // namespace postern::rules
