// The headers, sizes in bytes, integers big-endian (the layouts are those of tcpdump.org/linktypes):
//
//   Ethernet  destination[6], source[6], type[2]; an 802.1Q tag is type 0x8100 or alike, 2 bytes, then the type again
//   cooked    way[2], device kind[2], address length[2], address[8], protocol[2]
//   cooked2   protocol[2], zero[2], interface[4], device kind[2], way[1], address length[1], address[8]
#include "capture/link.h"

#include <pcap/pcap.h>

namespace postern::capture {
namespace {

constexpr std::uint16_t ip4 = 0x0800, ip6 = 0x86dd;
constexpr std::uint16_t loopback_device = 772;  // ARPHRD_LOOPBACK
constexpr unsigned most_tags = 4;

bool is_tag(std::uint16_t type) noexcept { return type == 0x8100 || type == 0x88a8 || type == 0x9100; }

Direction direction_of(unsigned way, std::uint16_t device) noexcept {
    if (device == loopback_device) return Direction::loopback;
    if (way == 4) return Direction::outgoing;
    return way == 3 ? Direction::other_host : Direction::incoming;  // 0 to 2: for us, for all, for a group
}

// What follows a protocol number, behind any tags.
Found behind(Reader reader, std::uint16_t protocol, std::size_t whole, Direction direction) noexcept {
    for (unsigned tags = 0; is_tag(protocol) && tags < most_tags; ++tags) {
        (void)reader.be16();
        protocol = reader.be16();
    }
    if (!reader.ok() || (protocol != ip4 && protocol != ip6)) return {{}, whole, direction};
    return {reader.rest(), whole - reader.left(), direction};
}

Found in_ethernet(Bytes frame) noexcept {
    Reader reader{frame};
    (void)reader.take(12);
    const std::uint16_t type = reader.be16();
    return behind(reader, type, frame.size(), Direction::unknown);
}

Found in_cooked(Bytes frame) noexcept {
    Reader reader{frame};
    const std::uint16_t way = reader.be16(), device = reader.be16();
    (void)reader.take(10);
    const std::uint16_t protocol = reader.be16();
    return behind(reader, protocol, frame.size(), direction_of(way, device));
}

Found in_cooked2(Bytes frame) noexcept {
    Reader reader{frame};
    const std::uint16_t protocol = reader.be16();
    (void)reader.take(6);
    const std::uint16_t device = reader.be16();
    const unsigned way = reader.u8();
    (void)reader.take(9);
    return behind(reader, protocol, frame.size(), direction_of(way, device));
}

}  // namespace

std::optional<Link> link_of(int datalink) noexcept {
    switch (datalink) {
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6: return Link::raw;
        case DLT_EN10MB: return Link::ethernet;
        case DLT_LINUX_SLL: return Link::cooked;
        case DLT_LINUX_SLL2: return Link::cooked2;
        default: return std::nullopt;
    }
}

Found find_packet(Link link, Bytes frame) noexcept {
    switch (link) {
        case Link::ethernet: return in_ethernet(frame);
        case Link::cooked: return in_cooked(frame);
        case Link::cooked2: return in_cooked2(frame);
        case Link::raw: break;
    }
    return {frame, 0, Direction::unknown};
}

}  // namespace postern::capture
