// Connects right behind the message that opens the door: ports are bound first, so that the message can name them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "postern/attempt.h"
#include "postern/sockets.h"

namespace postern::client {

// One family's try: a bound socket, where it connects to, and the way its message takes.
struct Leg {
    Endpoint target;
    Way way;
    Socket socket;
};

// For each family in which both the target and the gateway have an address: the target's first address, a socket bound
// to the source address for it, all with one port number; `port` 0 takes a free one. The message goes to the target's
// own address where that is one of the gateway's. An Error where no family is left.
[[nodiscard]] Result<std::vector<Leg>> prepare_legs(const std::vector<Endpoint>& targets,
                                                    const std::vector<Endpoint>& gateways, SourceMode mode,
                                                    std::uint16_t port);

[[nodiscard]] std::vector<Way> ways_of(const std::vector<Leg>& legs);

// Asks, connects at once, and asks again (the same attempt, a new message) shortly before the kernel repeats its SYN.
// The second family starts 250 ms behind the first (RFC 8305); whichever answers first wins, the other is closed. `ask`
// sends; its Error ends the dial. Returns the connected socket, or why there is none when `timeout` is over.
[[nodiscard]] Result<Socket> dial(std::vector<Leg> legs, Duration timeout, const std::function<Result<void>()>& ask);

}  // namespace postern::client
