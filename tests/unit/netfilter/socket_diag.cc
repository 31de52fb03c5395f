#include "netfilter/socket_diag.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;

namespace {

// An endpoint of either family; IPv4 lies in the front of the same bytes.
struct Endpoint {
    sockaddr_in6 address{};
    socklen_t size = sizeof(sockaddr_in6);

    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address); }
    [[nodiscard]] std::uint16_t port() const { return ntohs(address.sin6_port); }
};

Endpoint endpoint(const char* text, std::uint16_t port) {
    Endpoint end;
    auto& v4 = reinterpret_cast<sockaddr_in&>(end.address);
    end.address.sin6_port = htons(port);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        end.address.sin6_family = AF_INET;
        end.size = sizeof(sockaddr_in);
    } else {
        end.address.sin6_family = AF_INET6;
        DEMAND(inet_pton(AF_INET6, text, &end.address.sin6_addr) == 1);
    }
    return end;
}

int listen_at(const char* text, std::uint16_t port) {
    Endpoint own = endpoint(text, port);
    const int listener = socket(own.address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    DEMAND(bind(listener, own.raw(), own.size) == 0);
    DEMAND(listen(listener, 8) == 0);
    return listener;
}

// A TCP connection over lo, with both its sockets.
struct Call {
    int client;
    int server;
    Connection connection;
};

Call call(int listener, const char* text, std::uint16_t port) {
    Endpoint to = endpoint(text, port);
    const int client = socket(to.address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    DEMAND(connect(client, to.raw(), to.size) == 0);
    const int server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    DEMAND(server >= 0);
    Endpoint own;
    DEMAND(getsockname(client, own.raw(), &own.size) == 0);
    const IpAddress address = *parse_address(text);
    return {client, server, {IPPROTO_TCP, address, address, own.port(), port}};
}

SocketDiag open_sockets() {
    auto sockets = SocketDiag::open();
    if (!sockets) throw std::runtime_error(sockets.error().text);
    return std::move(*sockets);
}

bool destroy(SocketDiag& sockets, const Connection& connection) {
    const auto ended = sockets.destroy(connection);
    if (!ended) throw std::runtime_error(ended.error().text);
    return *ended;
}

bool carries(const Call& one) {
    char byte = 0;
    return send(one.client, "x", 1, MSG_NOSIGNAL) == 1 && recv(one.server, &byte, 1, 0) == 1 && byte == 'x';
}

void check_ended(const char* bound, const char* called) {
    const int listener = listen_at(bound, 4000);
    const Call doomed = call(listener, called, 4000);
    const Call other = call(listener, called, 4000);
    SocketDiag sockets = open_sockets();
    DEMAND(carries(doomed));
    DEMAND(destroy(sockets, doomed.connection));
    char byte = 0;
    DEMAND(recv(doomed.server, &byte, 1, 0) == -1 && errno == ECONNABORTED);
    DEMAND(send(doomed.server, "x", 1, MSG_NOSIGNAL) == -1);
    DEMAND(!destroy(sockets, doomed.connection));
    DEMAND(carries(other));
    DEMAND(carries(call(listener, called, 4000)));  // the listener is nobody's connection
}

}  // namespace

TEST_CASE("the server's socket ends, once, and no other one does: IPv4", "[netfilter]") {
    in_namespaces([] { check_ended("127.0.0.1", "127.0.0.1"); });
}

TEST_CASE("the server's socket ends, once, and no other one does: IPv6", "[netfilter]") {
    in_namespaces([] { check_ended("::1", "::1"); });
}

TEST_CASE("the server's socket ends where an IPv6 listener takes IPv4 too", "[netfilter]") {
    in_namespaces([] { check_ended("::", "127.0.0.1"); });
}

TEST_CASE("a write into an ended socket says that the connection was aborted", "[netfilter]") {
    in_namespaces([] {
        const Call doomed = call(listen_at("127.0.0.1", 4000), "127.0.0.1", 4000);
        SocketDiag sockets = open_sockets();
        DEMAND(destroy(sockets, doomed.connection));
        DEMAND(send(doomed.server, "x", 1, MSG_NOSIGNAL) == -1 && errno == ECONNABORTED);
    });
}

TEST_CASE("a connection that never was ends nothing, least of all the listener", "[netfilter]") {
    in_namespaces([] {
        const int listener = listen_at("127.0.0.1", 4000);
        const Call living = call(listener, "127.0.0.1", 4000);
        Connection absent = living.connection;
        absent.source_port ^= 1;
        SocketDiag sockets = open_sockets();
        DEMAND(!destroy(sockets, absent));
        absent.destination_port ^= 1;
        DEMAND(!destroy(sockets, absent));
        DEMAND(carries(living));
        DEMAND(carries(call(listener, "127.0.0.1", 4000)));
    });
}

TEST_CASE("no socket is ended for a UDP flow, though TCP has one by its ports", "[netfilter]") {
    in_namespaces([] {
        const Call living = call(listen_at("127.0.0.1", 4000), "127.0.0.1", 4000);
        Connection udp = living.connection;
        udp.protocol = IPPROTO_UDP;
        SocketDiag sockets = open_sockets();
        DEMAND(!destroy(sockets, udp));
        DEMAND(carries(living));
    });
}

TEST_CASE("what came in is told from what went out, in both families and as first sent", "[netfilter]") {
    in_namespaces([] {
        const int four = listen_at("127.0.0.1", 4000), six = listen_at("::1", 4001), both = listen_at("::", 4002);
        std::vector<Connection> made{call(four, "127.0.0.1", 4000).connection, call(six, "::1", 4001).connection,
                                     call(both, "127.0.0.1", 4002).connection, call(both, "::1", 4002).connection};
        SocketDiag sockets = open_sockets();
        const auto listed = [&] {
            auto found = sockets.accepted();
            if (!found) throw std::runtime_error(found.error().text);
            std::ranges::sort(*found);
            return *found;
        };
        std::ranges::sort(made);
        DEMAND(listed() == made);  // each once, though lo shows both its ends
        std::erase_if(made, [](const Connection& one) { return one.destination_port == 4000; });
        DEMAND(close(four) == 0);
        DEMAND(listed() == made);  // nobody listens there any more: who called whom cannot be told
    });
}

TEST_CASE("without the capability sock_diag's error names it", "[netfilter]") {
    in_namespaces([] {
        const Call living = call(listen_at("127.0.0.1", 4000), "127.0.0.1", 4000);
        DEMAND(unshare(CLONE_NEWUSER) == 0);
        SocketDiag sockets = open_sockets();
        const auto ended = sockets.destroy(living.connection);
        DEMAND(!ended.has_value());
        DEMAND(ended.error().text.find("CAP_NET_ADMIN") != std::string::npos);
        DEMAND(carries(living));
    });
}
