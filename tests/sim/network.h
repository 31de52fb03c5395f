// The way between everybody and the gate: packets are late, overtake each other, come twice or not at all.
#pragma once

#include <functional>
#include <vector>

#include "agenda.h"
#include "dice.h"
#include "packet.h"

namespace postern::sim {

struct Path {
    Duration delay = std::chrono::milliseconds{20};
    Duration jitter{};   // more delay, drawn for each packet
    unsigned loss = 0;   // percent
    unsigned twice = 0;  // percent

    [[nodiscard]] bool clean() const noexcept { return jitter == Duration::zero() && loss == 0 && twice == 0; }
};

class Network {
public:
    using Arrival = std::function<void(const Packet&)>;

    Network(Agenda& agenda, Dice dice, Arrival arrival) : agenda_{agenda}, dice_{dice}, arrival_{std::move(arrival)} {}

    void send(const Packet& packet, const Path& path) {
        for (const Arrival& tap : taps_) tap(packet);
        if (dice_.chance(path.loss)) return;
        deliver(packet, path);
        if (dice_.chance(path.twice)) deliver(packet, path);
    }

    // Somebody on the path: sees whatever is sent from now on, at once, also what is lost later.
    void tap(Arrival see) { taps_.push_back(std::move(see)); }

private:
    void deliver(const Packet& packet, const Path& path) {
        agenda_.in(path.delay + dice_.between(Duration::zero(), path.jitter), [this, packet] { arrival_(packet); });
    }

    Agenda& agenda_;
    Dice dice_;
    Arrival arrival_;
    std::vector<Arrival> taps_;
};

}  // namespace postern::sim
