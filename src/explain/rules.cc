#include "explain/rules.h"

#include <algorithm>
#include <array>

namespace postern::explain {
namespace {

bool is_link_local(const IpAddress& address) noexcept {
    return address.family == Family::v6 && address.octets[0] == 0xfe && (address.octets[1] & 0xc0u) == 0x80;
}

bool is_unspecified(const IpAddress& address) noexcept { return address == IpAddress{address.family}; }

bool is_ip4_multicast(const IpAddress& address) noexcept {
    return address.family == Family::v4 && (address.octets[0] & 0xf0u) == 0xe0;
}

bool is_icmpv6(const PacketView& view, std::initializer_list<std::uint8_t> types) noexcept {
    return view.transport == Transport::icmpv6 && std::find(types.begin(), types.end(), view.icmp_type) != types.end();
}

bool is_syn(const PacketView& view) noexcept {
    using namespace tcp_flag;
    return view.transport == Transport::tcp && (view.tcp_flags & (fin | syn | rst | ack)) == syn;
}

// A SYN on a connection that is assured opens another one, so it is judged.
bool is_established(const PacketView& view, const Tracked& tracked) noexcept {
    return tracked.state == Tracking::established && (!is_syn(view) || !tracked.assured);
}

// IPv4's source quench and redirect are errors to conntrack, but not to the rules.
bool is_passed_error(const PacketView& view) noexcept {
    if (view.transport == Transport::icmpv6) return view.icmp_type >= 1 && view.icmp_type <= 4;
    return view.icmp_type == 3 || view.icmp_type == 11 || view.icmp_type == 12;
}

std::optional<Aside> essential(const PacketView& view) noexcept {
    if (is_icmpv6(view, {133, 134, 135, 136}) && view.hop_limit == 255) return Aside::nd;
    if (is_icmpv6(view, {130, 131, 132, 143}) && view.hop_limit == 1 &&
        (is_unspecified(view.source) || is_link_local(view.source)))
        return Aside::mld;
    if (view.family == Family::v4 && view.protocol == 2 && view.hop_limit == 1 && is_ip4_multicast(view.destination))
        return Aside::igmp;
    return is_dhcp_reply(view) ? std::optional{Aside::dhcp} : std::nullopt;
}

// TCP port 22 and echo, from the policy's prefixes, to the gateway itself.
bool breaks_glass(const PacketView& view, const Policy& policy) noexcept {
    const bool ssh = view.transport == Transport::tcp && view.destination_port == 22;
    const bool echo = (view.transport == Transport::icmp && view.icmp_type == 8) || is_icmpv6(view, {128});
    return view.local && (ssh || echo) && std::ranges::any_of(policy.gateway.break_glass, [&](const Prefix& prefix) {
               return prefix.contains(view.source);
           });
}

}  // namespace

bool is_dhcp_reply(const PacketView& view) noexcept {
    if (view.transport != Transport::udp) return false;
    if (view.family == Family::v4) return view.source_port == 67 && view.destination_port == 68;
    return view.source_port == 547 && view.destination_port == 546 && is_link_local(view.source) &&
           is_link_local(view.destination);
}

std::optional<Aside> passed_by(const PacketView& view, const Tracked& tracked, const Policy& policy) noexcept {
    if (tracked.revoked) return Aside::revoked;
    if (is_established(view, tracked)) return Aside::established;
    if (tracked.state == Tracking::invalid) return Aside::invalid;
    if (tracked.state == Tracking::related && is_passed_error(view)) return Aside::related;
    if (tracked.state == Tracking::fresh && tracked.accepted) return Aside::again;
    if (const auto aside = essential(view)) return aside;
    if (breaks_glass(view, policy)) return Aside::break_glass;
    return std::nullopt;
}

}  // namespace postern::explain
