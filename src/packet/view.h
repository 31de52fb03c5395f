// A packet as the kernel queue hands it over, read once: what decide() looks at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/bytes.h"

namespace postern {

enum class Transport : std::uint8_t {
    none,  // no transport header was read: malformed, or a later fragment
    tcp,
    udp,
    icmp,
    icmpv6,
    sctp,
    udplite,
    other,  // any other next header; not unwrapped
};

namespace tcp_flag {
inline constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32, ece = 64, cwr = 128;
}

// All integers in host order. `payload` points into the bytes that were parsed and lives as long as they do.
struct PacketView {
    bool malformed = true;  // headers short or lying: no transport, no payload; the rest is what was known by then
    Family family = Family::v4;
    IpAddress source;
    IpAddress destination;
    std::uint8_t hop_limit = 0;     // IPv4 TTL
    std::uint8_t protocol = 0;      // the last next-header value
    std::size_t header_length = 0;  // bytes up to the transport header

    bool fragmented = false;  // a fragment header or fields say so, atomic fragments included
    bool more_fragments = false;
    std::uint32_t fragment_offset = 0;  // bytes
    std::uint32_t fragment_id = 0;

    Transport transport = Transport::none;
    std::uint16_t source_port = 0;  // TCP, UDP, SCTP, UDP-Lite
    std::uint16_t destination_port = 0;
    std::uint32_t sequence = 0;  // TCP
    std::uint32_t acknowledgement = 0;
    std::uint8_t tcp_flags = 0;
    std::uint8_t icmp_type = 0;  // ICMP, ICMPv6
    std::uint8_t icmp_code = 0;
    Bytes payload;             // behind the transport header; of a later fragment, all of it
    std::size_t trailing = 0;  // bytes behind the length that the IP header names

    // The rules found the destination to be one of the gateway's own. Set from the mark by the worker, not by parse().
    bool local = false;
    // These rules only observe. Set likewise.
    bool observing = false;
};

}  // namespace postern
