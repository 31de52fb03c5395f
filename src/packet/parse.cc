// From the first byte of a packet to a view of it: IP headers, then the transport header where there is one to read.
#include "packet/parse.h"

#include <optional>

#include "packet/network.h"
#include "packet/transport.h"

namespace postern {
namespace {

constexpr std::size_t datagram_limit = 65535;  // bytes; a fragment that would end behind it is an attack or a fault

// What lies behind the IP headers; nothing where they are malformed.
std::optional<Bytes> read_network(Bytes packet, PacketView& view) noexcept {
    if (packet.empty()) return std::nullopt;
    switch (packet[0] >> 4) {
        case 4: view.family = Family::v4; return detail::read_ipv4(packet, view);
        case 6: view.family = Family::v6; return detail::read_ipv6(packet, view);
        default: return std::nullopt;
    }
}

// A later fragment has no transport header: it is payload from its first byte on.
bool read_body(Bytes body, PacketView& view) noexcept {
    if (view.fragmented && view.fragment_offset + body.size() > datagram_limit) return false;
    if (view.fragment_offset == 0) return detail::read_transport(body, view);
    view.payload = body;
    return true;
}

}  // namespace

PacketView parse(Bytes packet) noexcept {
    PacketView view;
    const std::optional<Bytes> body = read_network(packet, view);
    view.malformed = !body || !read_body(*body, view);
    return view;
}

}  // namespace postern
