// The sockets of this host that wait for strangers: what listens, and what takes raw packets of a protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "survey/finding.h"
#include "survey/links.h"

namespace postern::survey {

// A TCP socket that listens, or a UDP socket without a peer.
struct Listener {
    Transport transport = Transport::tcp;
    IpAddress address;  // all zero: every address
    std::uint16_t port = 0;
    unsigned interface = 0;   // the number of the one interface it is bound to; 0: any
    std::uint32_t inode = 0;  // 0: no program has it, but the kernel: WireGuard, VXLAN
    std::string program;      // empty: not known
};

struct Ports {
    std::uint16_t first = 32768, last = 60999;  // where the kernel takes a port from when nobody names one
};

// Whether strangers could reach it: not on loopback, no client's UDP socket in the range of chosen ports, no DHCP
// client.
[[nodiscard]] bool waits_for_strangers(const Listener& listener, Ports chosen);

// One finding per port that can be reached through a guarded interface and is in no service and not open. UDP sockets
// of programs in the range of chosen ports are clients, and are left out.
void find_listeners(const Policy& policy, const Links& links, const std::vector<Listener>& listeners, Ports chosen,
                    Findings& findings);

// IP protocols in the text of /proc/net/raw or raw6 that wait for packets which are no connection's: routing daemons.
// ICMP is left out.
[[nodiscard]] std::vector<std::uint8_t> raw_protocols(std::string_view proc_net_raw);

// The ports in the text of /proc/net/sctp/eps that listen.
[[nodiscard]] std::vector<std::uint16_t> sctp_ports(std::string_view proc_net_sctp_eps);

// One finding per protocol; those of tunnels and IPsec are links' and xfrm's to find.
void find_protocols(const Policy& policy, std::vector<std::uint8_t> protocols, Findings& findings);
void find_sctp(const Policy& policy, const std::vector<std::uint16_t>& ports, Findings& findings);

}  // namespace postern::survey
