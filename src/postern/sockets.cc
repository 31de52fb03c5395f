#include "postern/sockets.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace postern::client {
namespace {

// A socket address of either family, with the length the kernel wants to hear.
struct Wire {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

template <class Address>
Wire wire_of(const Address& address) noexcept {
    Wire wire;
    std::memcpy(&wire.storage, &address, sizeof address);
    wire.length = sizeof address;
    return wire;
}

Wire to_wire(const Endpoint& endpoint) noexcept {
    const Bytes bytes = endpoint.address.bytes();
    if (endpoint.address.family == Family::v4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, bytes.data(), bytes.size());
        return wire_of(address);
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    address.sin6_scope_id = endpoint.scope;
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    return wire_of(address);
}

Endpoint from_wire(const sockaddr* wire) noexcept {
    if (wire->sa_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, wire, sizeof address);
        return {IpAddress::v4({reinterpret_cast<const std::uint8_t*>(&address.sin_addr), 4}), ntohs(address.sin_port)};
    }
    sockaddr_in6 address{};
    std::memcpy(&address, wire, sizeof address);
    return {IpAddress::v6({address.sin6_addr.s6_addr, 16}), ntohs(address.sin6_port), address.sin6_scope_id};
}

Endpoint local_end(const Socket& socket) noexcept {
    Wire wire;
    wire.length = sizeof wire.storage;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&wire.storage), &wire.length) != 0) return {};
    return from_wire(wire.get());
}

tl::unexpected<Error> refused(std::string_view what, const Endpoint& endpoint) {
    const std::string reason = std::generic_category().message(errno);
    return failure(fmt::format("{} {}: {}", what, to_text(endpoint.address), reason));
}

// A system without IPv6 has no such socket, and neither has a process with too many open files.
Result<Socket> open_socket(Family family, int type) {
    const int domain = family == Family::v4 ? AF_INET : AF_INET6;
    Socket socket{::socket(domain, type | SOCK_CLOEXEC, 0)};
    if (socket) return socket;
    const char* name = family == Family::v4 ? "IPv4" : "IPv6";
    return failure(fmt::format("cannot make a socket of {}: {}", name, std::generic_category().message(errno)));
}

int domain_of(Families families) noexcept {
    if (families == Families::both) return AF_UNSPEC;
    return families == Families::only_v4 ? AF_INET : AF_INET6;
}

}  // namespace

Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Families families) {
    addrinfo hints{};
    hints.ai_family = domain_of(families);
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const std::string service = std::to_string(port);
    if (const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &list); error != 0)
        return failure(fmt::format("{} has no address: {}", host, ::gai_strerror(error)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
    std::vector<Endpoint> endpoints;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next)
        endpoints.push_back(from_wire(entry->ai_addr));
    return endpoints;
}

Result<IpAddress> source_toward(const Endpoint& target) {
    const auto socket = open_socket(target.address.family, SOCK_DGRAM);
    if (!socket) return tl::make_unexpected(socket.error());
    const Wire wire = to_wire(target);
    if (::connect(socket->get(), wire.get(), wire.length) != 0) return refused("no way to", target);
    return local_end(*socket).address;
}

Result<void> send_datagram(const IpAddress& local, const Endpoint& target, Bytes datagram) {
    const auto socket = open_socket(target.address.family, SOCK_DGRAM);
    if (!socket) return tl::make_unexpected(socket.error());
    const Wire from = to_wire({local, 0, target.scope});
    const Wire to = to_wire(target);
    if (::bind(socket->get(), from.get(), from.length) != 0) return refused("cannot send from", {local});
    const auto sent = ::sendto(socket->get(), datagram.data(), datagram.size(), 0, to.get(), to.length);
    if (sent != static_cast<ssize_t>(datagram.size())) return refused("cannot send to", target);
    return {};
}

Result<Socket> bind_tcp(const Endpoint& toward, const IpAddress& local, std::uint16_t port) {
    auto opened = open_socket(toward.address.family, SOCK_STREAM | SOCK_NONBLOCK);
    if (!opened) return opened;
    Socket socket = std::move(*opened);
    const int yes = 1;
    if (toward.address.family == Family::v6)
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes,
                     sizeof yes);                                            // the twin over IPv4 has this port too
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // what ssh would set on its own socket
    const Wire wire = to_wire({local, port, toward.scope});
    if (::bind(socket.get(), wire.get(), wire.length) != 0)
        return refused(fmt::format("cannot use source port {} of", port), {local});
    return socket;
}

std::uint16_t bound_port(const Socket& socket) { return local_end(socket).port; }

Result<void> start_connect(const Socket& socket, const Endpoint& target) {
    const Wire wire = to_wire(target);
    if (::connect(socket.get(), wire.get(), wire.length) == 0 || errno == EINPROGRESS) return {};
    return refused("cannot connect to", target);
}

int connect_outcome(const Socket& socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
}

}  // namespace postern::client
