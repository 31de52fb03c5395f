#include "netfilter/socket_list.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "netfilter/socket_message.h"

namespace postern::netfilter {
namespace {

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
    for (const Family family : {Family::v4, Family::v6})
        if (const int error = dump_sockets(*netlink, family, protocol, states, rows); error != 0)
            return refused(protocol, error);
    return rows;
}

}  // namespace postern::netfilter
