// Runs a capture through a policy: packet by packet, with the capture's own clock, what the daemon would have said, or
// why it would never have been asked.
//
// The judge is the daemon's own core (parse, decide, sweep, Tables, Opener), from an empty state:
// what a message before the capture used up is not known. In front of it stands a model of the kernel and of the
// policy's static rules, as if they had been applied. Every packet is taken to have come in over a guarded interface,
// and what the rules pass is taken to pass the administrator's own rules as well.
#pragma once

#include <memory>
#include <vector>

#include "explain/aside.h"
#include "explain/clock.h"
#include "explain/connections.h"
#include "explain/fragments.h"
#include "gate/decide.h"
#include "log/event.h"
#include "packet/direction.h"

namespace postern::explain {

// A packet as a capture has it.
struct Frame {
    using Direction = postern::Direction;
    WallTime time;
    Bytes packet;            // from the IP header on; empty: no IP packet
    std::size_t length = 0;  // on the wire; more than `packet` has where the capture cut it
    Direction direction = Direction::unknown;
};

struct Setting {
    std::vector<Prefix> local;           // the gateway's own addresses; empty: every unicast destination is one
    bool gateway_key_missing = false;    // some gateway key could not be read
    bool preshared_key_missing = false;  // some client's could not be read
    std::vector<Prefix> behind = {};     // hosts that the gateway forwards for
    std::vector<Prefix> ipsec = {};      // sources whose packets came out of IPsec
};

// What became of one packet. `event` is the verdict line that the daemon would make; without a verdict its decision
// says nothing.
struct Explanation {
    std::uint64_t number = 0;  // of the packet in the capture, from 1
    log::Event event;
    std::optional<Aside> aside;  // why there is no verdict

    [[nodiscard]] std::string_view word() const noexcept {
        return aside ? explain::word(*aside) : postern::word(event.decision.reason);
    }
    [[nodiscard]] Kind kind() const noexcept { return aside ? explain::kind(*aside) : Kind::verdict; }
};

// Threads: one.
class Explainer {
public:
    Explainer(const std::shared_ptr<const Policy>& policy, Setting setting);

    [[nodiscard]] Explanation explain(const Frame& frame);

    // The grants that ended unused, and the flows that ended or were ended, up to the last packet and since the last
    // call: events as the daemon's log has them.
    [[nodiscard]] std::vector<log::Event> take_ends();

private:
    [[nodiscard]] std::optional<Aside> consider(const Frame& frame, Instant now, log::Event& event);
    [[nodiscard]] std::optional<Aside> judge(PacketView view, Bytes packet, Instant now, log::Event& event);
    [[nodiscard]] std::optional<Aside> unreadable(const PacketView& view) const;
    [[nodiscard]] bool is_ours(const IpAddress& address) const;
    [[nodiscard]] std::optional<Aside> from_within(const Frame& frame, const PacketView& view) const;
    [[nodiscard]] bool lacks_key(const PacketView& view, Reason reason) const;
    [[nodiscard]] Tracked track(const PacketView& view, Bytes packet, Instant now);
    [[nodiscard]] bool end_if_over(const Tuple& tuple, Instant now);
    void let_time_pass(Instant now);
    void close_flows(Instant now);
    void end_connections(Instant now);

    std::shared_ptr<const Policy> policy_;
    Setting setting_;
    Tables tables_;
    spa::Opener opener_;
    Clock clock_;
    Connections connections_;
    Fragments fragments_;
    std::uint64_t number_ = 0;
    SteadyTime swept_{};
    bool cut_ = false;  // the packet in hand is filled up with zeros
    std::vector<log::Event> ends_;
};

}  // namespace postern::explain
