#include "rules/admits.h"

#include <algorithm>

#include "rules/passed.h"

namespace postern::rules {

bool admits(const Policy& policy, const PacketView& first) {
    return policy.listens(first) || passed(policy, first, Origin::wire) != Passed::no;
}

bool guards_interface(const Policy& policy, const std::string& name) {
    const auto fits = [&](const std::string& pattern) {
        if (!pattern.ends_with('*')) return pattern == name;
        return name != "lo" && name.starts_with(pattern.substr(0, pattern.size() - 1));
    };
    return std::any_of(policy.gateway.interfaces.begin(), policy.gateway.interfaces.end(), fits);
}

}  // namespace postern::rules
