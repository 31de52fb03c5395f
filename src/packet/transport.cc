// The transport headers that postern reads. Lengths are judged, checksums are not (parse.h says why).
//
//   TCP       RFC 9293        ports, sequence[4], acknowledgement[4], data offset (4 bits), flags, 6 bytes, options
//   UDP       RFC 768         ports, length, checksum
//   UDP-Lite  RFC 3828        ports, coverage, checksum
//   ICMP      RFC 792, 4443   type[1], code[1], checksum, 4 bytes that depend on the type
//   SCTP      RFC 9260        ports, verification tag[4], checksum[4]
//
// Two bytes where nothing else is said; ports are the source's, then the destination's.
#include "packet/transport.h"

#include <algorithm>
#include <array>

namespace postern::detail {
namespace {

void read_ports(Reader& reader, PacketView& view) noexcept {
    view.source_port = reader.be16();
    view.destination_port = reader.be16();
}

bool read_tcp(Reader& reader, PacketView& view) noexcept {
    constexpr std::size_t fixed_length = 20;
    read_ports(reader, view);
    view.sequence = reader.be32();
    view.acknowledgement = reader.be32();
    const std::size_t header = (reader.u8() >> 4u) * 4u;
    view.tcp_flags = reader.u8();
    (void)reader.take(6);  // window, checksum, urgent pointer
    if (header < fixed_length) return false;
    (void)reader.take(header - fixed_length);  // options
    view.payload = reader.rest();
    return reader.ok();
}

// A first fragment ends before its datagram does; any other datagram has to be whole.
bool read_udp(Reader& reader, PacketView& view) noexcept {
    constexpr std::size_t header = 8;
    read_ports(reader, view);
    const std::size_t length = reader.be16();
    (void)reader.be16();  // checksum
    if (!reader.ok() || length < header) return false;
    const std::size_t named = length - header;
    if (named > reader.left() && !view.more_fragments) return false;
    view.payload = reader.rest().first(std::min(named, reader.left()));
    return true;
}

// The coverage says how much of the datagram its checksum speaks for; 0 means all.
bool read_udplite(Reader& reader, PacketView& view) noexcept {
    constexpr std::size_t header = 8;
    read_ports(reader, view);
    const std::size_t coverage = reader.be16();
    (void)reader.be16();  // checksum
    if (coverage != 0 && coverage < header) return false;
    if (coverage > header + reader.left() && !view.more_fragments) return false;
    view.payload = reader.rest();
    return reader.ok();
}

bool read_icmp(Reader& reader, PacketView& view) noexcept {
    view.icmp_type = reader.u8();
    view.icmp_code = reader.u8();
    (void)reader.take(6);  // checksum, and what depends on the type
    view.payload = reader.rest();
    return reader.ok();
}

bool read_sctp(Reader& reader, PacketView& view) noexcept {
    read_ports(reader, view);
    (void)reader.take(8);  // verification tag, checksum
    view.payload = reader.rest();
    return reader.ok();
}

bool read_nothing(Reader& reader, PacketView& view) noexcept {
    view.payload = reader.rest();
    return true;
}

struct Row {
    std::uint8_t protocol;
    Transport transport;
    bool (*read)(Reader&, PacketView&) noexcept;
};

// The same numbers under both families, as the kernel reads them.
constexpr std::array rows{
    Row{1, Transport::icmp, read_icmp},   Row{6, Transport::tcp, read_tcp},
    Row{17, Transport::udp, read_udp},    Row{58, Transport::icmpv6, read_icmp},
    Row{132, Transport::sctp, read_sctp}, Row{136, Transport::udplite, read_udplite},
};

Row row_of(std::uint8_t protocol) noexcept {
    const auto row = std::find_if(rows.begin(), rows.end(), [=](const Row& r) { return r.protocol == protocol; });
    return row != rows.end() ? *row : Row{protocol, Transport::other, read_nothing};
}

}  // namespace

bool read_transport(Bytes segment, PacketView& view) noexcept {
    const Row row = row_of(view.protocol);
    Reader reader{segment};
    if (!row.read(reader, view)) return false;
    view.transport = row.transport;
    return true;
}

}  // namespace postern::detail
