// The sets of the iptables backend; those of nftables stand in its own ruleset.
#include <fmt/format.h>

#include "rules/ruleset.h"
#include "rules/words.h"

namespace postern::rules {

std::string render_ipsets() {
    std::string text;
    for (const auto& [family, name] : {std::pair{4, "inet"}, std::pair{6, "inet6"}})
        text += fmt::format("create {}hostile{} hash:ip family {} timeout {} maxelem {}\n", ipset_prefix, family, name,
                            hostile_seconds, hostile_entries);
    return text;
}

}  // namespace postern::rules
