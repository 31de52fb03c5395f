#include "netfilter/socket_diag.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "netfilter/socket_message.h"

namespace postern::netfilter {
namespace {

inet_diag_sockid name_of(const Connection& connection) noexcept {
    inet_diag_sockid id{};
    id.idiag_sport = htons(connection.destination_port);
    id.idiag_dport = htons(connection.source_port);
    std::memcpy(id.idiag_src, connection.destination.octets.data(), sizeof id.idiag_src);
    std::memcpy(id.idiag_dst, connection.source.octets.data(), sizeof id.idiag_dst);
    id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return id;
}

int read_socket(const nlmsghdr* message, void* context) {
    auto& found = *static_cast<inet_diag_msg*>(context);
    if (mnl_nlmsg_get_payload_len(message) >= sizeof found)
        std::memcpy(&found, mnl_nlmsg_get_payload(message), sizeof found);
    return MNL_CB_OK;
}

Result<bool> outcome(int error) {
    if (error == 0) return true;
    if (error == ENOENT) return false;
    const char* text = std::strerror(error);
    if (error == EPERM) return failure("sock_diag: cannot end a socket: not permitted; start it with CAP_NET_ADMIN");
    if (error == EOPNOTSUPP)
        return failure(fmt::format("the kernel cannot end sockets (CONFIG_INET_DIAG_DESTROY): {}", text));
    return failure(fmt::format("sock_diag: cannot end a socket: {}", text));
}

}  // namespace

Result<SocketDiag> SocketDiag::open() {
    auto netlink = Netlink::open(NETLINK_SOCK_DIAG);
    if (!netlink) return tl::make_unexpected(netlink.error());
    return SocketDiag{std::move(*netlink)};
}

// Where the connection has no socket the kernel looks up the one that listens, and would end that, and the service with
// it. So the socket is found first, and then ended by its cookie: whatever came in its place meanwhile is not touched.
Result<bool> SocketDiag::destroy(const Connection& connection) {
    if (connection.protocol != IPPROTO_TCP) return false;
    inet_diag_sockid id = name_of(connection);
    inet_diag_msg found{};
    SocketRequest search{SOCK_DIAG_BY_FAMILY, connection.source.family, IPPROTO_TCP};
    if (const int error = netlink_.request(search.of(id).message(), read_socket, &found); error != 0)
        return outcome(error);
    if (found.idiag_state == TCP_LISTEN || found.id.idiag_dport != id.idiag_dport) return false;
    std::memcpy(id.idiag_cookie, found.id.idiag_cookie, sizeof id.idiag_cookie);
    SocketRequest end{SOCK_DESTROY, connection.source.family, IPPROTO_TCP};
    return outcome(netlink_.request(end.of(id).message()));
}

Result<std::vector<Connection>> SocketDiag::accepted() {
    constexpr SocketStates wanted{1u << TCP_LISTEN | 1u << TCP_ESTABLISHED};
    std::vector<SocketRow> rows;
    for (const Family family : {Family::v4, Family::v6})
        if (const int error = dump_sockets(netlink_, family, IPPROTO_TCP, wanted, rows); error != 0)
            return failure(fmt::format("sock_diag: cannot list sockets: {}", std::strerror(error)));
    std::set<std::uint16_t> listening;  // ports
    for (const SocketRow& row : rows)
        if (row.state == TCP_LISTEN) listening.insert(row.local_port);
    std::vector<Connection> found;
    for (const SocketRow& row : rows)
        if (row.state == TCP_ESTABLISHED && listening.contains(row.local_port))
            found.push_back({IPPROTO_TCP, row.peer, row.local, row.peer_port, row.local_port});
    return found;
}

}  // namespace postern::netfilter
