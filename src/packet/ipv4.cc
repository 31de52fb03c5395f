// The IPv4 header (RFC 791, section 3.1):
//
//   0  version, header length in words   4  identification     8  time to live   12  source
//   1  type of service                   6  flags, offset      9  protocol       16  destination
//   2  total length                                           10  checksum       20  options
#include "packet/network.h"

namespace postern::detail {
namespace {

constexpr std::size_t fixed_length = 20;

void read_fragment(std::uint16_t identification, std::uint16_t flags_and_offset, PacketView& view) noexcept {
    view.more_fragments = (flags_and_offset & 0x2000) != 0;
    view.fragment_offset = (flags_and_offset & 0x1fffu) * 8;
    view.fragmented = view.more_fragments || view.fragment_offset > 0;
    view.fragment_id = identification;
}

// The 16 bytes from the identification on.
void read_fields(Reader& reader, PacketView& view) noexcept {
    const std::uint16_t identification = reader.be16();
    read_fragment(identification, reader.be16(), view);
    view.hop_limit = reader.u8();
    view.protocol = reader.u8();
    (void)reader.be16();  // checksum
    view.source = IpAddress::v4(reader.take(4));
    view.destination = IpAddress::v4(reader.take(4));
}

}  // namespace

std::optional<Bytes> read_ipv4(Bytes packet, PacketView& view) noexcept {
    if (packet.size() < fixed_length) return std::nullopt;
    Reader reader{packet};
    const std::size_t header = (reader.u8() & 15u) * 4;
    (void)reader.u8();  // type of service
    const std::size_t total = reader.be16();
    if (header < fixed_length || total < header || packet.size() < total) return std::nullopt;
    read_fields(reader, view);
    view.header_length = header;
    view.trailing = packet.size() - total;
    return packet.first(total).subspan(header);
}

}  // namespace postern::detail
