#include "posternctl/rules_gap.h"

#include <netinet/in.h>

#include <optional>

#include "rules/admits.h"
#include "rules/essentials.h"

namespace postern::ctl {
namespace {

using netfilter::Connection;
using netfilter::TrackedConnection;

PacketView first_packet(const Connection& connection, bool local) {
    PacketView packet;
    packet.malformed = false;
    packet.family = connection.source.family;
    packet.source = connection.source;
    packet.destination = connection.destination;
    packet.protocol = connection.protocol;
    packet.transport = connection.protocol == IPPROTO_TCP ? Transport::tcp : Transport::udp;
    packet.source_port = connection.source_port;
    packet.destination_port = connection.destination_port;
    packet.local = local;
    return packet;
}

// Both ways round: a connection of the host's own is named from its end.
std::set<Connection> names_of(const std::vector<TrackedConnection>& entries) {
    std::set<Connection> names;
    for (const auto& [one, mark, began] : entries) {
        names.insert(one);
        names.insert({one.protocol, one.destination, one.source, one.destination_port, one.source_port});
    }
    return names;
}

}  // namespace

Result<Gap> Gap::open() {
    auto conntrack = netfilter::Conntrack::open();
    if (!conntrack) return tl::make_unexpected(conntrack.error());
    if (const auto kept = conntrack->keep_times(); !kept) return tl::make_unexpected(kept.error());
    auto sockets = netfilter::SocketDiag::open();
    if (!sockets) return tl::make_unexpected(sockets.error());
    auto routes = netfilter::Routes::open();
    if (!routes) return tl::make_unexpected(routes.error());
    return Gap{std::move(*conntrack), std::move(*sockets), std::move(*routes)};
}

Result<void> Gap::remember() {
    const auto entries = conntrack_.all();
    if (!entries) return tl::make_unexpected(entries.error());
    const auto accepted = sockets_.accepted();
    if (!accepted) return tl::make_unexpected(accepted.error());
    const std::set<Connection> tracked = names_of(*entries);
    untracked_.clear();
    for (const Connection& one : *accepted)
        if (!tracked.contains(one)) untracked_.insert(one);
    return {};
}

// By the way back to its source: conntrack does not keep the interface. A link-local source is on any link: where that
// is guarded is not known, and it is not spared.
bool Gap::came_in(const Policy& policy, const Connection& connection) {
    const auto here = routes_.to(connection.destination);
    const bool ours = here && here->local;
    if (rules::admits(policy, first_packet(connection, ours))) return false;
    const auto route = routes_.to(connection.source, ours ? std::optional{connection.destination} : std::nullopt);
    if (!route || route->local) return false;
    return rules::essential::link_local.contains(connection.source) ||
           rules::guards_interface(policy, route->interface);
}

bool Gap::revoke(const Policy& policy, const TrackedConnection& entry) {
    const MarkField field = policy.gateway.mark;
    const bool ours = field.of(entry.mark) != Mark::none;
    if (ours || !came_in(policy, entry.connection)) return false;
    const auto set = conntrack_.set_mark(entry.connection, {field.bits(Mark::revoked), field.mask});
    (void)sockets_.destroy(entry.connection);
    return set && *set;
}

// Where nothing else uses connection tracking, the kernel stops it while our rules are gone. A server that talked in
// such a session later would begin a connection of its own, which no rule stops.
std::size_t Gap::end_untracked(const Policy& policy, const std::set<Connection>& tracked) {
    std::size_t ended = 0;
    const auto accepted = sockets_.accepted();
    if (!accepted) return ended;
    for (const Connection& one : *accepted) {
        if (tracked.contains(one) || untracked_.contains(one) || !came_in(policy, one)) continue;
        const auto done = sockets_.destroy(one);
        ended += done && *done ? 1 : 0;
    }
    return ended;
}

Result<std::size_t> Gap::close(const Policy& policy, WallTime since) {
    const auto entries = conntrack_.all();
    if (!entries) return tl::make_unexpected(entries.error());
    std::size_t ended = end_untracked(policy, names_of(*entries));
    for (const TrackedConnection& entry : *entries)
        if (entry.began && *entry.began >= since && revoke(policy, entry)) ++ended;
    return ended;
}

}  // namespace postern::ctl
