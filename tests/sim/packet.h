// A packet on its way, and the truth about it, which checkers know and the gate does not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "knock/step.h"
#include "packet/view.h"
#include "spa/claims.h"

namespace postern::sim {

using Datagram = std::vector<std::uint8_t>;

// A message that somebody with a client's key has sealed. Copies of it share this, altered ones have none.
struct Message {
    std::uint64_t number = 0;  // from 1, in the order of sealing, over all lives of the gate
    std::string client;        // whose key
    spa::Claims claims;
};

// One wish of an honest client: what it sends for it, again and again, until it is in or gives up.
struct Wish {
    std::uint64_t number = 0;
    std::string client;  // or a knock's name
    std::string service;
    std::size_t steps = 0;                                   // of the knock; 0: it asks by SPA
    std::shared_ptr<const std::vector<knock::Step>> line{};  // of a one-time list: these steps; null: of none
    bool let_in = false;
};

struct Packet {
    PacketView view;  // its payload lies in `bytes`
    std::shared_ptr<const Datagram> bytes;
    std::shared_ptr<const Message> message;  // null: these bytes prove nothing
    std::shared_ptr<Wish> wish;              // null: no honest client sent it
    const char* author = "";                 // the actor
    std::size_t step = 0;                    // of the wish's knock, from 1; 0: none
    bool costs = false;                      // made by somebody who knows P: may cost a Diffie-Hellman
};

inline constexpr std::uint16_t spa_port = 62201;

// Where the gate is, and a host behind it.
[[nodiscard]] IpAddress gate_address(Family family);
[[nodiscard]] IpAddress routed_host();  // IPv4

[[nodiscard]] Packet tcp(const IpAddress& from, std::uint16_t source_port, std::uint16_t port, std::uint32_t sequence,
                         std::uint8_t flags = tcp_flag::syn);
[[nodiscard]] Packet udp(const IpAddress& from, std::uint16_t source_port, std::uint16_t port, Datagram payload = {});
[[nodiscard]] Packet echo(const IpAddress& from);
// What takes this step: "tcp/7000", "udp/8000", "icmp/echo-request".
[[nodiscard]] Packet hit(const IpAddress& from, std::uint16_t source_port, const std::string& step);

// The same to the host behind the gate.
[[nodiscard]] Packet routed(Packet packet);
// The same from another address.
[[nodiscard]] Packet from(const IpAddress& source, Packet packet);

[[nodiscard]] std::string to_text(const Packet& packet);

}  // namespace postern::sim
