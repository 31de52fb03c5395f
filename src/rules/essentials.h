// What a host falls off its network without, and so what the rules let by for everybody; and the ICMP errors they know.
// The renderers and passed() (passed.h) read the same numbers.
#pragma once

#include <array>

#include "base/address.h"

namespace postern::rules::essential {

struct Messages {
    std::array<std::uint8_t, 4> types;
    std::uint8_t hop_limit;
};
struct Ports {
    std::uint16_t from, to;
};

inline constexpr Prefix link_local{{Family::v6, {0xfe, 0x80}}, 10};
inline constexpr Prefix unspecified{{Family::v6, {}}, 128};

// Router and neighbour discovery: sent with hop limit 255, and so never from behind a router (RFC 4861).
inline constexpr Messages discovery{{133, 134, 135, 136}, 255};

// Multicast listener discovery: from link-local addresses; reports also from none at all (RFC 3590).
inline constexpr Messages listeners{{130, 131, 132, 143}, 1};
inline constexpr auto listeners_from = std::to_array<Prefix>({unspecified, link_local});

// IPv4's multicast membership (RFC 3376).
inline constexpr std::uint8_t igmp_hop_limit = 1;
inline constexpr Prefix igmp_to{{Family::v4, {224}}, 4};

// Replies to the gateway's own DHCP clients: of IPv4 to an own address or a broadcast, of IPv6 between link-local
// addresses.
inline constexpr Ports dhcp4{67, 68}, dhcp6{547, 546};

// Unreachable, (too big,) time exceeded, parameter problem.
inline constexpr auto errors4 = std::to_array<std::uint8_t>({3, 11, 12});
inline constexpr auto errors6 = std::to_array<std::uint8_t>({1, 2, 3, 4});

inline constexpr std::uint8_t echo4 = 8, echo6 = 128;

}  // namespace postern::rules::essential
