// Ends the local TCP socket behind a connection, over sock_diag (sock_diag(7), `ss -K`).
//
// The mark alone does not end a revoked connection for good. The client can still make conntrack forget the entry, with
// a RST and then a SYN. If the server's socket lives on, its next segment is picked up mid-stream as a new connection,
// without our mark. With the socket gone there is nothing to revive. Marks are left to conntrack.
#pragma once

#include <vector>

#include "base/result.h"
#include "netfilter/conntrack.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

// One thread at a time. Needs CAP_NET_ADMIN over the network namespace; waits for the kernel's answer, so never on the
// verdict path.
class SocketDiag {
public:
    [[nodiscard]] static Result<SocketDiag> open();

    // Ends the socket whose own address is the connection's destination: its program's next call fails with
    // ECONNABORTED, and the kernel sends a RST. False: there is no such socket, or the connection is UDP. A socket that
    // listens is never meant, one bound to an interface is not found.
    [[nodiscard]] Result<bool> destroy(const Connection& connection);

    // The established TCP connections that came in to a port where somebody listens, named as their first packet named
    // them. Both families; IPv4 connections of IPv6 sockets are IPv4.
    [[nodiscard]] Result<std::vector<Connection>> accepted();

private:
    explicit SocketDiag(Netlink netlink) noexcept : netlink_{std::move(netlink)} {}
    Netlink netlink_;
};

}  // namespace postern::netfilter
