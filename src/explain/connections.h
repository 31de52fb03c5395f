// A small model of the kernel's connection tracking: which packets it calls NEW, ESTABLISHED, RELATED or INVALID.
//
// As in the kernel, a packet of a known connection moves its state whatever becomes of the packet; a new connection is
// remembered only when its packet went on. Not modelled: checksums, TCP windows, helpers, address translation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "explain/tcp.h"
#include "explain/tuple.h"
#include "packet/view.h"

namespace postern::explain {

enum class Tracking : std::uint8_t { fresh, established, related, invalid, untracked };

// What is known of the packet's connection at the instant the rules see it.
struct Tracked {
    Tracking state = Tracking::invalid;
    bool assured = false;             // both sides have spoken, and the first one again
    bool accepted = false;            // its connection mark says that a verdict let it in
    bool revoked = false;             // its connection mark says that it was ended
    std::optional<Tuple> tuple = {};  // the connection's first packet
    TcpState first = TcpState::none;  // of a new TCP connection: where it begins
};

class Connections {
public:
    static constexpr std::size_t capacity = 262'144;  // further ones are not remembered

    [[nodiscard]] Tracked look(const PacketView& view, Bytes packet, SteadyTime now);

    // Its packet went on: a new connection is remembered.
    void pass(const Tracked& tracked, SteadyTime now);

    // The same, by a verdict: the connection carries our mark.
    void accept(const Tracked& tracked, SteadyTime now);

    // Marks the connection of that first packet, if it is known, as ended.
    void revoke(const Tuple& tuple, SteadyTime now);

    [[nodiscard]] bool knows(const Tuple& tuple, SteadyTime now) { return alive(tuple, now).has_value(); }

private:
    struct Connection {
        TcpState tcp = TcpState::none;
        bool replied = false, assured = false, accepted = false, revoked = false;
        SteadyTime expires;
    };
    using Table = std::map<Tuple, Connection>;
    struct Found {
        Table::iterator entry;
        Way way = Way::original;
    };

    [[nodiscard]] std::optional<Found> find(const Tuple& tuple, SteadyTime now);
    [[nodiscard]] std::optional<Table::iterator> alive(const Tuple& tuple, SteadyTime now);
    [[nodiscard]] Tracked about_error(const PacketView& view, SteadyTime now);
    [[nodiscard]] Tracked first_packet(const PacketView& view, const Tuple& tuple) const;
    [[nodiscard]] Tracked known(const Found& found, const PacketView& view, SteadyTime now);
    [[nodiscard]] static bool refused(const Connection& connection, TcpState next);
    [[nodiscard]] Tracked ended(const Found& found);
    static void move_on(Connection& connection, TcpState next);
    void forget_old(SteadyTime now);
    [[nodiscard]] Connection* remember(const Tracked& tracked, SteadyTime now);

    Table table_;
    SteadyTime swept_{};
};

}  // namespace postern::explain
