#include "netfilter/socket_list.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "netfilter/netlink.h"

namespace postern::netfilter {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

IpAddress address_of(std::uint8_t family, const std::uint32_t (&words)[4]) {
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), words, sizeof words);
    if (family == AF_INET) return IpAddress::v4(Bytes{octets.data(), 4});
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin()))
        return IpAddress::v4(Bytes{octets.data() + mapped_prefix.size(), 4});
    return IpAddress::v6(octets);
}

int collect(const nlmsghdr* message, void* context) {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) return MNL_CB_OK;
    inet_diag_msg found{};
    std::memcpy(&found, mnl_nlmsg_get_payload(message), sizeof found);
    SocketRow row;
    row.local = address_of(found.idiag_family, found.id.idiag_src);
    row.peer = address_of(found.idiag_family, found.id.idiag_dst);
    row.local_port = ntohs(found.id.idiag_sport);
    row.peer_port = ntohs(found.id.idiag_dport);
    row.interface = found.id.idiag_if;
    row.inode = found.idiag_inode;
    static_cast<std::vector<SocketRow>*>(context)->push_back(row);
    return MNL_CB_OK;
}

int dump(Netlink& netlink, std::uint8_t family, std::uint8_t protocol, SocketStates states,
         std::vector<SocketRow>& rows) {
    alignas(nlmsghdr) std::array<char, 128> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    auto* asked = static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(message, sizeof(inet_diag_req_v2)));
    asked->sdiag_family = family;
    asked->sdiag_protocol = protocol;
    asked->idiag_states = states.bits;
    return netlink.request(*message, collect, &rows);
}

tl::unexpected<Error> refused(std::uint8_t protocol, int error) {
    const char* name = protocol == IPPROTO_TCP ? "tcp" : "udp";
    if (error == ENOENT || error == EOPNOTSUPP)
        return failure(fmt::format(
            "sock_diag: this kernel cannot list {0} sockets; load the modules inet_diag and {0}_diag", name));
    return failure(fmt::format("sock_diag: cannot list {} sockets: {}", name, std::strerror(error)));
}

}  // namespace

Result<std::vector<SocketRow>> list_sockets(std::uint8_t protocol, SocketStates states) {
    auto netlink = Netlink::open(NETLINK_SOCK_DIAG);
    if (!netlink) return tl::make_unexpected(netlink.error());
    std::vector<SocketRow> rows;
    for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}})
        if (const int error = dump(*netlink, family, protocol, states, rows); error != 0 && error != EINTR)
            return refused(protocol, error);
    return rows;
}

}  // namespace postern::netfilter
