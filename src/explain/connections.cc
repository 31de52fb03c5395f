#include "explain/connections.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace postern::explain {
namespace {

using std::chrono::seconds;

// Discovery messages are never tracked: they begin nothing and belong to nothing.
bool is_untracked(const PacketView& view) noexcept {
    constexpr auto types = std::to_array<std::uint8_t>({130, 131, 132, 133, 134, 135, 136, 143});
    return view.transport == Transport::icmpv6 && std::ranges::find(types, view.icmp_type) != types.end();
}

bool is_icmp(const PacketView& view) noexcept {
    return view.transport == Transport::icmp || view.transport == Transport::icmpv6;
}

// An SCTP association begins with an INIT chunk (RFC 9260).
bool begins_sctp(const PacketView& view) noexcept { return !view.payload.empty() && view.payload[0] == 1; }

Duration remembered(std::uint8_t protocol, TcpState tcp, bool replied) noexcept {
    switch (protocol) {
        case IPPROTO_TCP: return remembered(tcp);
        case IPPROTO_UDP:
        case IPPROTO_UDPLITE: return replied ? seconds{120} : seconds{30};
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6: return seconds{30};
        default: return seconds{600};
    }
}

}  // namespace

Tracked Connections::look(const PacketView& view, Bytes packet, SteadyTime now) {
    if (view.malformed) return {};
    if (is_untracked(view)) return {Tracking::untracked};
    if (is_icmp_error(view)) return about_error(view, now);
    const auto tuple = tuple_of(view, packet);
    if (!tuple) return {};
    const auto found = find(*tuple, now);
    return found ? known(*found, view, now) : first_packet(view, *tuple);
}

std::optional<Connections::Table::iterator> Connections::alive(const Tuple& tuple, SteadyTime now) {
    const auto entry = table_.find(tuple);
    if (entry == table_.end()) return std::nullopt;
    if (entry->second.expires > now) return entry;
    table_.erase(entry);
    return std::nullopt;
}

std::optional<Connections::Found> Connections::find(const Tuple& tuple, SteadyTime now) {
    if (const auto entry = alive(tuple, now)) return Found{*entry, Way::original};
    if (const auto entry = alive(inverted(tuple), now)) return Found{*entry, Way::reply};
    return std::nullopt;
}

Tracked Connections::about_error(const PacketView& view, SteadyTime now) {
    const auto tuple = complained_about(view);
    return {tuple && find(*tuple, now) ? Tracking::related : Tracking::invalid};
}

Tracked Connections::first_packet(const PacketView& view, const Tuple& tuple) const {
    Tracked tracked{Tracking::fresh};
    tracked.tuple = tuple;
    if (view.transport == Transport::tcp) {
        const auto state = next_state(TcpState::none, view.tcp_flags, Way::original);
        if (!state) return {};
        tracked.first = *state;
    }
    if (is_icmp(view) && !is_icmp_query(view)) return {};
    if (view.transport == Transport::sctp && !begins_sctp(view)) return {};
    return tracked;
}

Tracked Connections::known(const Found& found, const PacketView& view, SteadyTime now) {
    Connection& connection = found.entry->second;
    const Tuple tuple = found.entry->first;
    if (view.transport == Transport::tcp) {
        if (reopens(connection.tcp, view.tcp_flags)) {
            const Tuple again = found.way == Way::original ? tuple : inverted(tuple);
            table_.erase(found.entry);
            return first_packet(view, again);
        }
        const auto next = next_state(connection.tcp, view.tcp_flags, found.way);
        if (!next) return {};
        if (refused(connection, *next)) return ended(found);
        move_on(connection, *next);
    }
    const bool answered = connection.replied || found.way == Way::reply;
    const Tracked tracked{answered ? Tracking::established : Tracking::fresh, connection.assured, connection.accepted,
                          connection.revoked, tuple};
    connection.replied = answered;
    connection.expires = now + remembered(tuple.protocol, connection.tcp, answered);
    return tracked;
}

// A reset before any answer, or as the only one: the kernel forgets the connection at once.
bool Connections::refused(const Connection& connection, TcpState next) {
    return !connection.replied && next == TcpState::close;
}

Tracked Connections::ended(const Found& found) {
    Tracked tracked{found.way == Way::reply ? Tracking::established : Tracking::fresh};
    tracked.accepted = found.entry->second.accepted;
    table_.erase(found.entry);
    return tracked;
}

void Connections::move_on(Connection& connection, TcpState next) {
    const bool opened = connection.tcp == TcpState::syn_recv || connection.tcp == TcpState::established;
    if (connection.replied && opened && next == TcpState::established) connection.assured = true;
    connection.tcp = next;
}

Connections::Connection* Connections::remember(const Tracked& tracked, SteadyTime now) {
    if (!tracked.tuple) return nullptr;
    if (const auto entry = alive(*tracked.tuple, now)) return &(*entry)->second;
    forget_old(now);
    if (tracked.state != Tracking::fresh || table_.size() >= capacity) return nullptr;
    Connection& connection = table_[*tracked.tuple];
    connection.tcp = tracked.first;
    connection.expires = now + remembered(tracked.tuple->protocol, tracked.first, false);
    return &connection;
}

void Connections::pass(const Tracked& tracked, SteadyTime now) { (void)remember(tracked, now); }

void Connections::accept(const Tracked& tracked, SteadyTime now) {
    if (Connection* connection = remember(tracked, now)) connection->accepted = true;
}

void Connections::revoke(const Tuple& tuple, SteadyTime now) {
    if (const auto entry = alive(tuple, now)) (*entry)->second.revoked = true;
}

void Connections::forget_old(SteadyTime now) {
    if (now - swept_ < seconds{10}) return;
    swept_ = now;
    std::erase_if(table_, [&](const auto& entry) { return entry.second.expires <= now; });
}

}  // namespace postern::explain
