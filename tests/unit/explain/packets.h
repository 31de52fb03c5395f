// Whole packets for the model of the kernel, written as expressions, and an explainer over the small world of gate/.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "explain/explainer.h"
#include "packet/parse.h"
#include "unit/gate/world.h"

namespace postern::test {

using Packet = std::vector<std::uint8_t>;

inline void put16(Packet& packet, std::size_t value) {
    packet.push_back(static_cast<std::uint8_t>(value >> 8));
    packet.push_back(static_cast<std::uint8_t>(value));
}

inline Packet operator+(Packet one, const Packet& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

inline void sum_up(Packet& packet) {
    std::uint32_t sum = 0;
    packet[10] = packet[11] = 0;
    for (std::size_t i = 0; i < 20; i += 2) sum += packet[i] * 256u + packet[i + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    packet[10] = static_cast<std::uint8_t>(~sum >> 8), packet[11] = static_cast<std::uint8_t>(~sum);
}

// An IPv4 or IPv6 packet, as the addresses say. `fragment`: IPv4's flags and offset.
inline Packet ip(const std::string& from, const std::string& to, std::uint8_t protocol, const Packet& payload,
                 std::uint8_t hops = 64, std::uint16_t fragment = 0) {
    const IpAddress source = address(from), destination = address(to);
    Packet packet;
    if (source.family == Family::v4) {
        packet = {0x45, 0};
        put16(packet, 20 + payload.size());
        put16(packet, 7);
        put16(packet, fragment);
        packet = packet + Packet{hops, protocol, 0, 0};
    } else {
        packet = {0x60, 0, 0, 0};
        put16(packet, payload.size());
        packet = packet + Packet{protocol, hops};
    }
    for (const IpAddress& one : {source, destination})
        packet.insert(packet.end(), one.bytes().begin(), one.bytes().end());
    if (source.family == Family::v4) sum_up(packet);
    return packet + payload;
}

inline Packet tcp_header(std::uint16_t from, std::uint16_t to, std::uint8_t flags) {
    Packet header;
    put16(header, from);
    put16(header, to);
    return header + Packet{0, 0, 3, 232, 0, 0, 0, 0, 0x50, flags, 4, 0, 0, 0, 0, 0};
}

inline Packet udp_header(std::uint16_t from, std::uint16_t to, const Packet& data) {
    Packet header;
    for (const std::size_t field : {std::size_t{from}, std::size_t{to}, 8 + data.size(), std::size_t{0}})
        put16(header, field);
    return header + data;
}

inline Packet icmp_message(std::uint8_t type, std::uint16_t id, const Packet& data = {}) {
    Packet message{type, 0, 0, 0};
    put16(message, id);
    put16(message, 1);
    return message + data;
}

inline const std::string us = "192.0.2.1", them = "198.51.100.7", us6 = "2001:db8:1::1", them6 = "2001:db8::7";
inline constexpr std::uint8_t syn = 2, ack = 16, syn_ack = 18, fin_ack = 17, rst = 4, rst_ack = 20;

inline Packet tcp(const std::string& from, const std::string& to, std::uint16_t sport, std::uint16_t dport,
                  std::uint8_t flags) {
    return ip(from, to, 6, tcp_header(sport, dport, flags));
}
inline Packet udp(const std::string& from, const std::string& to, std::uint16_t sport, std::uint16_t dport,
                  const Packet& data = Packet(200, 1)) {
    return ip(from, to, 17, udp_header(sport, dport, data));
}

// A capture that is told packet by packet.
class Told {
public:
    World world;
    explain::Setting setting{{parse_prefix(us).value(), parse_prefix(us6).value()}, false, false};

    // The word of the packet that comes `after` the one before.
    std::string tell(const Packet& packet, Duration after = std::chrono::milliseconds{1}) {
        return std::string{explain(packet, after).word()};
    }
    explain::Explanation explain(const Packet& packet, Duration after = std::chrono::milliseconds{1}) {
        world.pass(after);
        return explain(explain::Frame{world.now().wall, packet, packet.size()});
    }
    explain::Explanation explain(const explain::Frame& frame) { return explainer().explain(frame); }
    explain::Explainer& explainer() {
        if (!explainer_)
            explainer_ = std::make_unique<explain::Explainer>(
                std::shared_ptr<const Policy>{std::shared_ptr<void>{}, &world.policy()}, setting);
        return *explainer_;
    }

    // An SPA of alice's for ssh, and her SYN behind it.
    std::string open(std::uint16_t port = 40000) {
        const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
        const std::string asked = tell(udp(them, us, 5000, World::spa_port, datagram));
        return asked + ' ' + tell(tcp(them, us, port, 22, syn));
    }

private:
    std::unique_ptr<explain::Explainer> explainer_;
};

}  // namespace postern::test
