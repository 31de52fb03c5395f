#include "rules/admits.h"

#include <algorithm>

namespace postern::rules {

bool admits(const Policy& policy, Transport transport, const IpAddress& source, std::uint16_t destination_port) {
    if (transport == Transport::udp) return policy.listens(destination_port);
    const auto holds = [&](const Prefix& prefix) { return prefix.contains(source); };
    return destination_port == 22 &&
           std::any_of(policy.gateway.break_glass.begin(), policy.gateway.break_glass.end(), holds);
}

bool guards_interface(const Policy& policy, const std::string& name) {
    const auto fits = [&](const std::string& pattern) {
        if (!pattern.ends_with('*')) return pattern == name;
        return name != "lo" && name.starts_with(pattern.substr(0, pattern.size() - 1));
    };
    return std::any_of(policy.gateway.interfaces.begin(), policy.gateway.interfaces.end(), fits);
}

}  // namespace postern::rules
