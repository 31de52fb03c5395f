#include "rules/admits.h"

#include <algorithm>

namespace postern::rules {
namespace {

bool any_holds(const std::vector<Prefix>& prefixes, const IpAddress& address) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& one) { return one.contains(address); });
}

bool is_open(const Open& open, const PacketView& first) {
    const std::uint8_t protocol = first.transport == Transport::tcp ? 6 : 17;
    const auto fits = [&](const OpenMatch& match) {
        return match.protocol == protocol && match.ports && match.ports->contains(first.destination_port);
    };
    if (!std::any_of(open.matches.begin(), open.matches.end(), fits)) return false;
    if (!open.from.empty() && !any_holds(open.from, first.source)) return false;
    return open.to.empty() ? first.local : any_holds(open.to, first.destination);
}

bool is_step(const Policy& policy, const PacketView& first) {
    const auto steps = policy.knock_steps();
    return first.local && std::any_of(steps.begin(), steps.end(), [&](const knock::Step& step) {
               return step.transport == first.transport && step.port == first.destination_port;
           });
}

}  // namespace

bool admits(const Policy& policy, const PacketView& first) {
    const Gateway& gateway = policy.gateway;
    if (policy.listens(first)) return true;
    if (first.transport == Transport::tcp && first.destination_port == 22 && first.local &&
        any_holds(gateway.break_glass, first.source))
        return true;
    if (std::any_of(gateway.open.begin(), gateway.open.end(), [&](const Open& one) { return is_open(one, first); }))
        return true;
    return gateway.unmatched == Unmatched::pass && !policy.guards(first) && !is_step(policy, first);
}

bool guards_interface(const Policy& policy, const std::string& name) {
    const auto fits = [&](const std::string& pattern) {
        if (!pattern.ends_with('*')) return pattern == name;
        return name != "lo" && name.starts_with(pattern.substr(0, pattern.size() - 1));
    };
    return std::any_of(policy.gateway.interfaces.begin(), policy.gateway.interfaces.end(), fits);
}

}  // namespace postern::rules
