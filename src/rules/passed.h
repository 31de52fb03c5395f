// What the chain `judge` lets by without asking the daemon, whatever connection tracking says: its static answers as a
// function, for those who have a packet and no kernel. The renderers write the same from the same tables.
#pragma once

#include <cstdint>

#include "gate/policy.h"

namespace postern::rules {

// Named as the comments of the rules are (words.h).
enum class Passed : std::uint8_t { no, nd, mld, igmp, dhcp, break_glass, ipsec, open, unmatched };

enum class Origin : std::uint8_t { wire, ipsec };  // ipsec: it came out of a tunnel or a transport

// `packet.local` is set. A broadcast of IPv4 is known by 255.255.255.255 alone.
[[nodiscard]] Passed passed(const Policy& policy, const PacketView& packet, Origin origin) noexcept;

// A reply to the gateway's own DHCP client, wherever it goes: never tracked.
[[nodiscard]] bool is_dhcp_reply(const PacketView& packet) noexcept;

// An ICMP error that passes where it is RELATED.
[[nodiscard]] bool is_known_error(const PacketView& packet) noexcept;

}  // namespace postern::rules
