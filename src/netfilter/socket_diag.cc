#include "netfilter/socket_diag.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

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

class SocketRequest {
public:
    SocketRequest(std::uint16_t type, Family family, const inet_diag_sockid& id) noexcept
        : message_{mnl_nlmsg_put_header(buffer_.data())} {
        message_->nlmsg_type = type;
        message_->nlmsg_flags = NLM_F_REQUEST;
        auto* asked = static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(message_, sizeof(inet_diag_req_v2)));
        asked->sdiag_family = family == Family::v4 ? AF_INET : AF_INET6;
        asked->sdiag_protocol = IPPROTO_TCP;
        asked->idiag_states = 0xffffffff;
        asked->id = id;
    }
    SocketRequest(const SocketRequest&) = delete;
    SocketRequest& operator=(const SocketRequest&) = delete;

    [[nodiscard]] nlmsghdr& message() noexcept { return *message_; }

private:
    alignas(nlmsghdr) std::array<char, 128> buffer_{};
    nlmsghdr* message_;
};

int read_socket(const nlmsghdr* message, void* context) {
    auto& found = *static_cast<inet_diag_msg*>(context);
    if (mnl_nlmsg_get_payload_len(message) >= sizeof found)
        std::memcpy(&found, mnl_nlmsg_get_payload(message), sizeof found);
    return MNL_CB_OK;
}

IpAddress address_of(const __be32* words, int family) {
    const Bytes all{reinterpret_cast<const std::uint8_t*>(words), 16};
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (family == AF_INET) return IpAddress::v4(all.first(4));
    return std::equal(mapped.begin(), mapped.end(), all.begin()) ? IpAddress::v4(all.subspan(12)) : IpAddress::v6(all);
}

// What a dump of all TCP sockets holds for us.
struct Sockets {
    std::vector<Connection> established;
    std::set<std::uint16_t> listening;  // ports
};

int collect(const nlmsghdr* message, void* context) {
    auto& sockets = *static_cast<Sockets*>(context);
    inet_diag_msg one{};
    if (mnl_nlmsg_get_payload_len(message) < sizeof one) return MNL_CB_OK;
    std::memcpy(&one, mnl_nlmsg_get_payload(message), sizeof one);
    const std::uint16_t own = ntohs(one.id.idiag_sport);
    if (one.idiag_state == TCP_LISTEN) sockets.listening.insert(own);
    if (one.idiag_state == TCP_ESTABLISHED)
        sockets.established.push_back({IPPROTO_TCP, address_of(one.id.idiag_dst, one.idiag_family),
                                       address_of(one.id.idiag_src, one.idiag_family), ntohs(one.id.idiag_dport), own});
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
    SocketRequest search{SOCK_DIAG_BY_FAMILY, connection.source.family, id};
    if (const int error = netlink_.request(search.message(), read_socket, &found); error != 0) return outcome(error);
    if (found.idiag_state == TCP_LISTEN || found.id.idiag_dport != id.idiag_dport) return false;
    std::memcpy(id.idiag_cookie, found.id.idiag_cookie, sizeof id.idiag_cookie);
    SocketRequest end{SOCK_DESTROY, connection.source.family, id};
    return outcome(netlink_.request(end.message()));
}

Result<std::vector<Connection>> SocketDiag::accepted() {
    Sockets sockets;
    for (const Family family : {Family::v4, Family::v6}) {
        SocketRequest request{SOCK_DIAG_BY_FAMILY, family, {}};
        request.message().nlmsg_flags |= NLM_F_DUMP;
        if (const int error = netlink_.request(request.message(), collect, &sockets); error != 0)
            return failure(fmt::format("sock_diag: cannot list sockets: {}", std::strerror(error)));
    }
    std::erase_if(sockets.established,
                  [&](const Connection& one) { return !sockets.listening.contains(one.destination_port); });
    return std::move(sockets.established);
}

}  // namespace postern::netfilter
