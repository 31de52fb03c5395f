#include "netfilter/socket_message.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace postern::netfilter {
namespace {

IpAddress address_of(std::uint8_t family, const std::uint32_t (&words)[4]) {
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), words, sizeof words);
    const Bytes all{octets};
    if (family == AF_INET) return IpAddress::v4(all.first(4));
    return std::ranges::equal(all.first(mapped.size()), mapped) ? IpAddress::v4(all.subspan(mapped.size()))
                                                                : IpAddress::v6(all);
}

int collect(const nlmsghdr* message, void* context) {
    if (const auto row = parse_socket(*message)) static_cast<std::vector<SocketRow>*>(context)->push_back(*row);
    return MNL_CB_OK;
}

}  // namespace

std::optional<SocketRow> parse_socket(const nlmsghdr& message) noexcept {
    inet_diag_msg found{};
    if (mnl_nlmsg_get_payload_len(&message) < sizeof found) return std::nullopt;
    std::memcpy(&found, mnl_nlmsg_get_payload(&message), sizeof found);
    SocketRow row;
    row.local = address_of(found.idiag_family, found.id.idiag_src);
    row.peer = address_of(found.idiag_family, found.id.idiag_dst);
    row.local_port = ntohs(found.id.idiag_sport);
    row.peer_port = ntohs(found.id.idiag_dport);
    row.state = found.idiag_state;
    row.interface = found.id.idiag_if;
    row.inode = found.idiag_inode;
    return row;
}

SocketRequest::SocketRequest(std::uint16_t type, Family family, std::uint8_t protocol) noexcept
    : message_{mnl_nlmsg_put_header(buffer_.data())},
      asked_{static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(message_, sizeof(inet_diag_req_v2)))} {
    message_->nlmsg_type = type;
    message_->nlmsg_flags = NLM_F_REQUEST;
    asked_->sdiag_family = family == Family::v4 ? AF_INET : AF_INET6;
    asked_->sdiag_protocol = protocol;
    asked_->idiag_states = 0xffffffff;
}

SocketRequest& SocketRequest::of(const inet_diag_sockid& id) noexcept {
    asked_->id = id;
    return *this;
}

SocketRequest& SocketRequest::all(SocketStates states) noexcept {
    message_->nlmsg_flags |= NLM_F_DUMP;
    asked_->idiag_states = states.bits;
    return *this;
}

int dump_sockets(Netlink& netlink, Family family, std::uint8_t protocol, SocketStates states,
                 std::vector<SocketRow>& rows) {
    const int error =
        netlink.request(SocketRequest{SOCK_DIAG_BY_FAMILY, family, protocol}.all(states).message(), collect, &rows);
    return error == EINTR ? 0 : error;  // sockets came and went meanwhile
}

}  // namespace postern::netfilter
