// One direction of a connection as the kernel's connection tracking names it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "packet/view.h"

namespace postern::explain {

struct Tuple {
    std::uint8_t protocol = 0;
    IpAddress source, destination;
    std::uint16_t source_port = 0;       // of an ICMP query: its identifier
    std::uint16_t destination_port = 0;  // of an ICMP query: type << 8 | code

    auto operator<=>(const Tuple&) const = default;
};

// The answers' direction.
[[nodiscard]] Tuple inverted(const Tuple& tuple) noexcept;

// `packet` are the bytes that `view` was parsed from. Nothing for an ICMP message that is neither query nor answer.
[[nodiscard]] std::optional<Tuple> tuple_of(const PacketView& view, Bytes packet) noexcept;

// Whether it is an ICMP error: unreachable, too big, time exceeded, parameter problem, and IPv4's two older ones.
[[nodiscard]] bool is_icmp_error(const PacketView& view) noexcept;

// Whether it asks for an answer (echo and its like): only such an ICMP message begins something.
[[nodiscard]] bool is_icmp_query(const PacketView& view) noexcept;

// The packet that an ICMP error is about, as it was sent. Nothing where too little of it is there.
[[nodiscard]] std::optional<Tuple> complained_about(const PacketView& error) noexcept;

}  // namespace postern::explain
