#include "rules/admits.h"

#include <algorithm>

#include "rules/passed.h"

namespace postern::rules {

bool admits(const Policy& policy, const PacketView& first) {
    return policy.listens(first) || passed(policy, first, Origin::wire) != Passed::no;
}

bool guards_interface(const Policy& policy, std::string_view name) {
    return name != "lo" && std::ranges::any_of(policy.gateway.interfaces, [&](std::string_view pattern) {
               if (!pattern.ends_with('*')) return pattern == name;
               return name.starts_with(pattern.substr(0, pattern.size() - 1));
           });
}

}  // namespace postern::rules
