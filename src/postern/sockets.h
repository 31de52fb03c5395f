// Names, addresses and sockets of the client: thin over the kernel's calls, every refusal an Error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/descriptor.h"

namespace postern::client {

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::uint32_t scope = 0;  // the interface of a link-local IPv6 address; 0: none
};

using Socket = io::Descriptor;  // closes itself

enum class Families : std::uint8_t { both, only_v4, only_v6 };

// Every address of a host name or numeric address, in the system's order of preference (RFC 6724). Blocks on DNS.
[[nodiscard]] Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Families families);

// The address this host would send from; nothing is sent. Fails where there is no route.
[[nodiscard]] Result<IpAddress> source_toward(const Endpoint& target);

// One datagram from `local`, any port.
[[nodiscard]] Result<void> send_datagram(const IpAddress& local, const Endpoint& target, Bytes datagram);

// A non-blocking TCP socket bound to `local` and `port`; 0 takes a free one.
[[nodiscard]] Result<Socket> bind_tcp(const Endpoint& toward, const IpAddress& local, std::uint16_t port);

// The port a socket is bound to; 0 where it is not.
[[nodiscard]] std::uint16_t bound_port(const Socket& socket);

// Sends the SYN and returns; an immediate refusal by this host is an Error.
[[nodiscard]] Result<void> start_connect(const Socket& socket, const Endpoint& target);

// After the socket became writable: 0 when connected, otherwise an errno.
[[nodiscard]] int connect_outcome(const Socket& socket);

}  // namespace postern::client
