#include "explain/tuple.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace postern::explain {
namespace {

struct Query {
    std::uint8_t protocol, request, reply;
};
constexpr std::array queries{Query{IPPROTO_ICMP, 8, 0},       Query{IPPROTO_ICMP, 13, 14},
                             Query{IPPROTO_ICMP, 15, 16},     Query{IPPROTO_ICMP, 17, 18},
                             Query{IPPROTO_ICMPV6, 128, 129}, Query{IPPROTO_ICMPV6, 139, 140}};

const Query* query_of(std::uint8_t protocol, std::uint8_t type) noexcept {
    const auto found = std::find_if(queries.begin(), queries.end(), [=](const Query& query) {
        return query.protocol == protocol && (query.request == type || query.reply == type);
    });
    return found == queries.end() ? nullptr : &*found;
}

bool is_icmp(std::uint8_t protocol) noexcept { return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6; }

std::uint16_t opposite(std::uint8_t protocol, std::uint16_t type_and_code) noexcept {
    const auto type = static_cast<std::uint8_t>(type_and_code >> 8);
    const Query* query = query_of(protocol, type);
    if (query == nullptr) return type_and_code;
    const unsigned other = query->request == type ? query->reply : query->request;
    return static_cast<std::uint16_t>(other << 8 | (type_and_code & 0xffu));
}

bool has_ports(std::uint8_t protocol) noexcept {
    constexpr auto those =
        std::to_array<std::uint8_t>({IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_UDPLITE});
    return std::ranges::find(those, protocol) != those.end();
}

// Ports, or identifier and type, from the first 8 bytes of a transport header.
std::optional<Tuple> with_transport(Tuple tuple, Bytes header) noexcept {
    if (!has_ports(tuple.protocol) && !is_icmp(tuple.protocol)) return tuple;
    Reader reader{header};
    const std::uint16_t first = reader.be16(), second = reader.be16(), third = reader.be16();
    const bool query = is_icmp(tuple.protocol);
    if (query && query_of(tuple.protocol, static_cast<std::uint8_t>(first >> 8)) == nullptr) return std::nullopt;
    tuple.source_port = query ? third : first;
    tuple.destination_port = query ? first : second;
    return reader.ok() ? std::optional{tuple} : std::nullopt;
}

// The header inside of an error; its payload is cut, so the parser for whole packets cannot read it.
std::optional<Tuple> inner4(Bytes packet) noexcept {
    if (packet.size() < 20) return std::nullopt;
    const std::size_t header = (packet[0] & 15u) * 4;
    if (header < 20 || packet.size() < header) return std::nullopt;
    const Tuple tuple{packet[9], IpAddress::v4(packet.subspan(12, 4)), IpAddress::v4(packet.subspan(16, 4))};
    return with_transport(tuple, packet.subspan(header));
}

std::optional<Tuple> inner6(Bytes packet) noexcept {
    if (packet.size() < 40) return std::nullopt;
    const Tuple tuple{packet[6], IpAddress::v6(packet.subspan(8, 16)), IpAddress::v6(packet.subspan(24, 16))};
    return with_transport(tuple, packet.subspan(40));
}

}  // namespace

Tuple inverted(const Tuple& tuple) noexcept {
    if (is_icmp(tuple.protocol))
        return {tuple.protocol, tuple.destination, tuple.source, tuple.source_port,
                opposite(tuple.protocol, tuple.destination_port)};
    return {tuple.protocol, tuple.destination, tuple.source, tuple.destination_port, tuple.source_port};
}

std::optional<Tuple> tuple_of(const PacketView& view, Bytes packet) noexcept {
    return with_transport({view.protocol, view.source, view.destination}, packet.subspan(view.header_length));
}

bool is_icmp_error(const PacketView& view) noexcept {
    constexpr auto errors = std::to_array<std::uint8_t>({3, 4, 5, 11, 12});
    if (view.transport == Transport::icmpv6) return view.icmp_type < 128;
    return view.transport == Transport::icmp && std::ranges::find(errors, view.icmp_type) != errors.end();
}

bool is_icmp_query(const PacketView& view) noexcept {
    const Query* query = query_of(view.protocol, view.icmp_type);
    return query != nullptr && query->request == view.icmp_type;
}

std::optional<Tuple> complained_about(const PacketView& error) noexcept {
    return error.transport == Transport::icmp ? inner4(error.payload) : inner6(error.payload);
}

}  // namespace postern::explain
