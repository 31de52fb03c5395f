#include "rules/passed.h"

#include <netinet/in.h>

#include <algorithm>

#include "rules/essentials.h"

namespace postern::rules {
namespace {

namespace own = essential;

bool holds(const auto& prefixes, const IpAddress& address) noexcept {
    return std::ranges::any_of(prefixes, [&](const Prefix& prefix) { return prefix.contains(address); });
}

bool holds_type(const auto& types, const PacketView& packet) noexcept {
    return std::ranges::find(types, packet.icmp_type) != types.end();
}

bool is(const own::Messages& messages, const PacketView& packet) noexcept {
    return packet.transport == Transport::icmpv6 && holds_type(messages.types, packet) &&
           packet.hop_limit == messages.hop_limit;
}

bool is_echo(const PacketView& packet) noexcept {
    if (packet.transport == Transport::icmp) return packet.icmp_type == own::echo4;
    return packet.transport == Transport::icmpv6 && packet.icmp_type == own::echo6;
}

bool is_igmp(const PacketView& packet) noexcept {
    return packet.family == Family::v4 && packet.protocol == IPPROTO_IGMP && packet.hop_limit == own::igmp_hop_limit &&
           own::igmp_to.contains(packet.destination);
}

bool is_broadcast(const IpAddress& address) noexcept { return address == IpAddress{Family::v4, {255, 255, 255, 255}}; }

bool is_group(const IpAddress& address) noexcept {
    return address.family == Family::v4 ? own::igmp_to.contains(address) : address.octets[0] == 0xff;
}

Passed essential_of(const PacketView& packet) noexcept {
    if (is(own::discovery, packet)) return Passed::nd;
    if (is(own::listeners, packet) && holds(own::listeners_from, packet.source)) return Passed::mld;
    if (is_igmp(packet)) return Passed::igmp;
    const bool ours = packet.family == Family::v6 || packet.local || is_broadcast(packet.destination);
    return ours && is_dhcp_reply(packet) ? Passed::dhcp : Passed::no;
}

bool breaks_glass(const PacketView& packet, const Policy& policy) noexcept {
    const bool ssh = packet.transport == Transport::tcp && packet.destination_port == 22;
    return packet.local && (ssh || is_echo(packet)) && holds(policy.gateway.break_glass, packet.source);
}

bool fits(const OpenMatch& match, const PacketView& packet) noexcept {
    if (match.protocol != packet.protocol || (match.family && *match.family != packet.family)) return false;
    return (!match.ports || match.ports->contains(packet.destination_port)) &&
           (!match.type || *match.type == packet.icmp_type);
}

// Whether sockets of the gateway get it. An anycast address looks like any other one.
bool reaches_us(const PacketView& packet) noexcept {
    return packet.local || is_group(packet.destination) || is_broadcast(packet.destination);
}

bool is_open(const Open& open, const PacketView& packet) noexcept {
    if (!open.from.empty() && !holds(open.from, packet.source)) return false;
    const bool there = open.to.empty() ? reaches_us(packet) : holds(open.to, packet.destination);
    return there && std::ranges::any_of(open.matches, [&](const OpenMatch& match) { return fits(match, packet); });
}

bool is_for(const Service& service, const PacketView& packet) noexcept {
    const bool there = service.to.empty() ? reaches_us(packet) : holds(service.to, packet.destination);
    return there && std::ranges::any_of(service.ports, [&](const TransportPorts& ports) {
               return ports.contains(packet.transport, packet.destination_port);
           });
}

// By transport and port alone: which flags a step wants, the daemon knows.
bool knocks(const Policy& policy, const PacketView& packet) noexcept {
    const auto place = packet.local ? knock::place_of(packet) : std::nullopt;
    return place && policy.book().has_step_at(*place);
}

// What the daemon is asked about where the rest passes. A piece of a packet says nothing of ports.
bool concerns_us(const Policy& policy, const PacketView& packet) noexcept {
    if (packet.more_fragments || packet.fragment_offset > 0) return true;
    if (policy.listens(packet) || knocks(policy, packet)) return true;
    return std::ranges::any_of(policy.services, [&](const Service& service) { return is_for(service, packet); });
}

}  // namespace

bool is_dhcp_reply(const PacketView& packet) noexcept {
    const auto [from, to] = packet.family == Family::v4 ? own::dhcp4 : own::dhcp6;
    if (packet.transport != Transport::udp || packet.source_port != from || packet.destination_port != to) return false;
    return packet.family == Family::v4 ||
           (own::link_local.contains(packet.source) && own::link_local.contains(packet.destination));
}

bool is_known_error(const PacketView& packet) noexcept {
    if (packet.transport == Transport::icmp) return holds_type(own::errors4, packet);
    return packet.transport == Transport::icmpv6 && holds_type(own::errors6, packet);
}

Passed passed(const Policy& policy, const PacketView& packet, Origin origin) noexcept {
    const Gateway& gateway = policy.gateway;
    if (const Passed found = essential_of(packet); found != Passed::no) return found;
    if (breaks_glass(packet, policy)) return Passed::break_glass;
    if (origin == Origin::ipsec && gateway.ipsec == Ipsec::pass) return Passed::ipsec;
    if (std::ranges::any_of(gateway.open, [&](const Open& one) { return is_open(one, packet); })) return Passed::open;
    return gateway.unmatched == Unmatched::pass && !concerns_us(policy, packet) ? Passed::unmatched : Passed::no;
}

}  // namespace postern::rules
