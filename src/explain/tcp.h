// What connection tracking makes of a TCP connection, segment by segment: a sane subset of the kernel's state machine.
//
//     syn ─► syn_sent ─ syn_ack ─► syn_recv ─ ack ─► established ─ fin ─► fin_wait ─ ack ─► close_wait
//                                                        │                   └─ fin ─► last_ack ─ ack ─► time_wait
//                                                        └─ rst, from every state ─► close
//
// Sequence numbers and windows are not looked at. A segment of no known connection that acknowledges something picks
// one up in the middle, as the kernel's default has it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace postern::explain {

enum class TcpState : std::uint8_t {
    none,
    syn_sent,
    syn_recv,
    established,
    fin_wait,
    close_wait,
    last_ack,
    time_wait,
    close,
};

enum class Way : std::uint8_t { original, reply };  // the way of the connection's first packet, or the other one

// The state behind a segment; nothing where the kernel calls the segment INVALID.
[[nodiscard]] std::optional<TcpState> next_state(TcpState state, std::uint8_t flags, Way way) noexcept;

// How long the kernel remembers a connection that rests in a state.
[[nodiscard]] Duration remembered(TcpState state) noexcept;

// A SYN, and the connection it belongs to is over: it begins another one.
[[nodiscard]] bool reopens(TcpState state, std::uint8_t flags) noexcept;

}  // namespace postern::explain
