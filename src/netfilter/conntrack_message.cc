#include "netfilter/conntrack_message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace postern::netfilter {
namespace {

void put_address(nlmsghdr* message, std::uint16_t type, const IpAddress& address) noexcept {
    mnl_attr_put(message, type, address.bytes().size(), address.bytes().data());
}

void put_addresses(nlmsghdr* message, const Connection& connection) noexcept {
    const bool v4 = connection.source.family == Family::v4;
    nlattr* nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);
    put_address(message, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, connection.source);
    put_address(message, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, connection.destination);
    mnl_attr_nest_end(message, nest);
}

void put_ports(nlmsghdr* message, const Connection& connection) noexcept {
    nlattr* nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(message, CTA_PROTO_NUM, connection.protocol);
    mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(connection.source_port));
    mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(connection.destination_port));
    mnl_attr_nest_end(message, nest);
}

void put_tuple(nlmsghdr* message, std::uint16_t type, const Connection& connection) noexcept {
    nlattr* nest = mnl_attr_nest_start(message, type);
    put_addresses(message, connection);
    put_ports(message, connection);
    mnl_attr_nest_end(message, nest);
}

// What of a connection has been read so far; `seen` has one bit per piece.
struct Pieces {
    enum Piece : unsigned {
        source = 1,
        destination = 2,
        protocol = 4,
        source_port = 8,
        destination_port = 16,
        all = 31
    };
    TrackedConnection found;
    unsigned seen = 0;
};

template <class T>
bool read(const nlattr* attribute, T& into) noexcept {
    if (mnl_attr_get_payload_len(attribute) < sizeof into) return false;
    std::memcpy(&into, mnl_attr_get_payload(attribute), sizeof into);
    return true;
}

int read_address(const nlattr* attribute, IpAddress& into, Family family, Pieces& pieces, unsigned piece) noexcept {
    const Bytes bytes{static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)),
                      mnl_attr_get_payload_len(attribute)};
    if (bytes.size() != address_bits(family) / 8) return MNL_CB_ERROR;
    into = family == Family::v4 ? IpAddress::v4(bytes) : IpAddress::v6(bytes);
    pieces.seen |= piece;
    return MNL_CB_OK;
}

int read_port(const nlattr* attribute, std::uint16_t& into, Pieces& pieces, unsigned piece) noexcept {
    if (!read(attribute, into)) return MNL_CB_ERROR;
    into = ntohs(into);
    pieces.seen |= piece;
    return MNL_CB_OK;
}

int read_ip(const nlattr* attribute, void* context) {
    auto& pieces = *static_cast<Pieces*>(context);
    Connection& connection = pieces.found.connection;
    switch (mnl_attr_get_type(attribute)) {
        case CTA_IP_V4_SRC: return read_address(attribute, connection.source, Family::v4, pieces, Pieces::source);
        case CTA_IP_V6_SRC: return read_address(attribute, connection.source, Family::v6, pieces, Pieces::source);
        case CTA_IP_V4_DST:
            return read_address(attribute, connection.destination, Family::v4, pieces, Pieces::destination);
        case CTA_IP_V6_DST:
            return read_address(attribute, connection.destination, Family::v6, pieces, Pieces::destination);
        default: return MNL_CB_OK;
    }
}

int read_proto(const nlattr* attribute, void* context) {
    auto& pieces = *static_cast<Pieces*>(context);
    Connection& connection = pieces.found.connection;
    switch (mnl_attr_get_type(attribute)) {
        case CTA_PROTO_NUM:
            pieces.seen |= Pieces::protocol;
            return read(attribute, connection.protocol) ? MNL_CB_OK : MNL_CB_ERROR;
        case CTA_PROTO_SRC_PORT: return read_port(attribute, connection.source_port, pieces, Pieces::source_port);
        case CTA_PROTO_DST_PORT:
            return read_port(attribute, connection.destination_port, pieces, Pieces::destination_port);
        default: return MNL_CB_OK;
    }
}

int read_tuple(const nlattr* attribute, void* context) {
    switch (mnl_attr_get_type(attribute)) {
        case CTA_TUPLE_IP: return mnl_attr_parse_nested(attribute, read_ip, context);
        case CTA_TUPLE_PROTO: return mnl_attr_parse_nested(attribute, read_proto, context);
        default: return MNL_CB_OK;
    }
}

// Nanoseconds since the epoch, the most significant byte first.
int read_timestamp(const nlattr* attribute, void* context) {
    auto& found = static_cast<Pieces*>(context)->found;
    std::uint64_t start = 0;
    if (mnl_attr_get_type(attribute) != CTA_TIMESTAMP_START) return MNL_CB_OK;
    if (!read(attribute, start)) return MNL_CB_ERROR;
    found.began = WallTime{Duration{static_cast<std::int64_t>(be64toh(start))}};
    return MNL_CB_OK;
}

int read_connection(const nlattr* attribute, void* context) {
    auto& pieces = *static_cast<Pieces*>(context);
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG) return mnl_attr_parse_nested(attribute, read_tuple, context);
    if (mnl_attr_get_type(attribute) == CTA_TIMESTAMP) return mnl_attr_parse_nested(attribute, read_timestamp, context);
    if (mnl_attr_get_type(attribute) != CTA_MARK) return MNL_CB_OK;
    if (!read(attribute, pieces.found.mark)) return MNL_CB_ERROR;
    pieces.found.mark = ntohl(pieces.found.mark);
    return MNL_CB_OK;
}

}  // namespace

ConntrackRequest::ConntrackRequest(std::uint16_t type, std::uint16_t flags, std::uint8_t family) noexcept
    : message_{mnl_nlmsg_put_header(buffer_.data())} {
    message_->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
    message_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    auto* general = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message_, sizeof(nfgenmsg)));
    *general = {family, NFNETLINK_V0, 0};
}

ConntrackRequest& ConntrackRequest::original(const Connection& connection) noexcept {
    put_tuple(message_, CTA_TUPLE_ORIG, connection);
    return *this;
}

ConntrackRequest& ConntrackRequest::reply(const Connection& connection) noexcept {
    put_tuple(message_, CTA_TUPLE_REPLY,
              {connection.protocol, connection.destination, connection.source, connection.destination_port,
               connection.source_port});
    return *this;
}

// IPS_CONFIRMED is the kernel's own; it refuses a status that would take it away.
ConntrackRequest& ConntrackRequest::established(std::chrono::seconds timeout) noexcept {
    constexpr nf_ct_tcp_flags liberal{IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL};
    mnl_attr_put_u32(message_, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
    mnl_attr_put_u32(message_, CTA_TIMEOUT, htonl(static_cast<std::uint32_t>(timeout.count())));
    nlattr* outer = mnl_attr_nest_start(message_, CTA_PROTOINFO);
    nlattr* inner = mnl_attr_nest_start(message_, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(message_, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
    mnl_attr_put(message_, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof liberal, &liberal);
    mnl_attr_put(message_, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof liberal, &liberal);
    mnl_attr_nest_end(message_, inner);
    mnl_attr_nest_end(message_, outer);
    return *this;
}

ConntrackRequest& ConntrackRequest::mark(MaskedMark mark) noexcept {
    mnl_attr_put_u32(message_, CTA_MARK, htonl(mark.value));
    mnl_attr_put_u32(message_, CTA_MARK_MASK, htonl(mark.mask));
    return *this;
}

std::optional<TrackedConnection> parse_connection(const nlmsghdr& message) noexcept {
    Pieces pieces;
    if (mnl_nlmsg_get_payload_len(&message) < sizeof(nfgenmsg)) return std::nullopt;
    if (mnl_attr_parse(&message, sizeof(nfgenmsg), read_connection, &pieces) != MNL_CB_OK) return std::nullopt;
    const std::uint8_t protocol = pieces.found.connection.protocol;
    if (pieces.seen != Pieces::all || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)) return std::nullopt;
    return pieces.found;
}

}  // namespace postern::netfilter
