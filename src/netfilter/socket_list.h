// The TCP and UDP sockets of this host, over sock_diag (sock_diag(7), `ss`).
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace postern::netfilter {

struct SocketRow {
    IpAddress local, peer;  // an IPv4 address that an IPv6 socket bears is one of IPv4
    std::uint16_t local_port = 0, peer_port = 0;
    std::uint8_t state = 0;   // TCP_LISTEN and so on
    unsigned interface = 0;   // the number of the one it is bound to; 0: none
    std::uint32_t inode = 0;  // 0: of no program
};

// States as bits, 1 << TCP_LISTEN and so on; UDP sockets without a peer are in TCP_CLOSE.
struct SocketStates {
    std::uint32_t bits = 0;
};

// Of both families, in no order. The protocol is IPPROTO_TCP or IPPROTO_UDP. Needs no right; of the calling thread's
// network namespace.
[[nodiscard]] Result<std::vector<SocketRow>> list_sockets(std::uint8_t protocol, SocketStates states);

}  // namespace postern::netfilter
