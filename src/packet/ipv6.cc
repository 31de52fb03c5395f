// The IPv6 header (RFC 8200, section 3) and its extension headers (section 4), walked at most 16 deep:
//
//    0  version, traffic class, flow label    6  next header     8  source
//    4  payload length                        7  hop limit      24  destination
//
// A jumbogram (RFC 2675) names the payload length 0, so that its hop-by-hop header finds no room and is malformed.
#include "packet/network.h"

namespace postern::detail {
namespace {

constexpr std::size_t fixed_length = 40;
constexpr unsigned walk_limit = 16;

namespace next_header {
constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, destination_options = 60;
}

constexpr bool is_extension(std::uint8_t protocol) noexcept {
    return protocol == next_header::hop_by_hop || protocol == next_header::routing ||
           protocol == next_header::fragment || protocol == next_header::authentication ||
           protocol == next_header::destination_options;
}

// RFC 8200, section 4.5. `reader` stands behind the next-header byte.
bool read_fragment(Reader& reader, PacketView& view) noexcept {
    if (view.fragmented) return false;  // the second one in this packet
    (void)reader.u8();                  // reserved
    const std::uint16_t offset_and_more = reader.be16();
    const std::uint32_t identification = reader.be32();
    if (!reader.ok()) return false;
    view.fragmented = true;
    view.more_fragments = (offset_and_more & 1) != 0;
    view.fragment_offset = offset_and_more & 0xfff8u;
    view.fragment_id = identification;
    return true;
}

// `reader` stands behind the next-header byte. The length counts 8-byte units behind the first, but in the
// authentication header 4-byte units behind the second (RFC 4302, section 2.2).
bool skip_options(Reader& reader, bool authentication) noexcept {
    const std::size_t units = reader.u8();
    const std::size_t length = authentication ? (units + 2) * 4 : (units + 1) * 8;
    (void)reader.take(length - 2);
    return reader.ok();
}

// Steps over the one header that view.protocol names, and puts there what follows it.
bool step(Reader& reader, PacketView& view) noexcept {
    const std::uint8_t following = reader.u8();
    const bool whole = view.protocol == next_header::fragment
                           ? read_fragment(reader, view)
                           : skip_options(reader, view.protocol == next_header::authentication);
    if (whole) view.protocol = following;
    return whole;
}

bool walk(Reader& reader, PacketView& view) noexcept {
    for (unsigned walked = 0; is_extension(view.protocol) && view.fragment_offset == 0; ++walked) {
        if (walked == walk_limit) return false;
        if (view.protocol == next_header::hop_by_hop && walked > 0) return false;
        if (!step(reader, view)) return false;
    }
    return true;
}

}  // namespace

std::optional<Bytes> read_ipv6(Bytes packet, PacketView& view) noexcept {
    if (packet.size() < fixed_length) return std::nullopt;
    Reader reader{packet};
    (void)reader.be32();  // version, traffic class, flow label
    const std::size_t length = reader.be16();
    view.protocol = reader.u8();
    view.hop_limit = reader.u8();
    view.source = IpAddress::v6(reader.take(16));
    view.destination = IpAddress::v6(reader.take(16));
    if (reader.left() < length) return std::nullopt;
    view.trailing = reader.left() - length;

    Reader body{reader.take(length)};
    if (!walk(body, view)) return std::nullopt;
    view.header_length = fixed_length + length - body.left();
    return body.rest();
}

}  // namespace postern::detail
