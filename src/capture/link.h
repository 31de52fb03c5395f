// Where the IP packet is in a captured frame, and which way the frame went: raw IP, Ethernet with VLAN tags, Linux
// cooked captures of both versions (libpcap's LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "packet/direction.h"

namespace postern::capture {

enum class Link : std::uint8_t { raw, ethernet, cooked, cooked2 };

using postern::Direction;

struct Found {
    Bytes packet;            // from the IP header on; empty: no IP packet
    std::size_t before = 0;  // bytes in front of it
    Direction direction = Direction::unknown;
};

// The link type by libpcap's number (pcap_datalink()); nothing for one that is not read here.
[[nodiscard]] std::optional<Link> link_of(int datalink) noexcept;

[[nodiscard]] Found find_packet(Link link, Bytes frame) noexcept;

}  // namespace postern::capture
