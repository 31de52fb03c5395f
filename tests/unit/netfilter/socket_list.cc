#include "netfilter/socket_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;

namespace {

std::uint16_t bound(int type, bool v6_only_address) {
    const int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    inet_pton(AF_INET6, v6_only_address ? "::1" : "::ffff:127.0.0.1", &own.sin6_addr);
    DEMAND(bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    if (type == SOCK_STREAM) DEMAND(listen(fd, 1) == 0);
    socklen_t size = sizeof own;
    DEMAND(getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0);
    return ntohs(own.sin6_port);
}

bool has(const Result<std::vector<SocketRow>>& rows, const char* address, std::uint16_t port) {
    if (!rows) throw std::runtime_error(rows.error().text);
    return std::ranges::any_of(*rows, [&](const SocketRow& row) {
        return row.local == *parse_address(address) && row.local_port == port && row.inode != 0;
    });
}

}  // namespace

TEST_CASE("sockets are listed by protocol and state; a mapped address is one of IPv4", "[netfilter]") {
    in_namespaces([] {
        const std::uint16_t six = bound(SOCK_STREAM, true), four = bound(SOCK_STREAM, false);
        const std::uint16_t datagrams = bound(SOCK_DGRAM, true);
        DEMAND(has(list_sockets(IPPROTO_TCP, {1u << TCP_LISTEN}), "::1", six));
        DEMAND(has(list_sockets(IPPROTO_TCP, {1u << TCP_LISTEN}), "127.0.0.1", four));
        DEMAND(has(list_sockets(IPPROTO_UDP, {1u << TCP_CLOSE}), "::1", datagrams));
        DEMAND(!has(list_sockets(IPPROTO_TCP, {1u << TCP_ESTABLISHED}), "::1", six));
    });
}
