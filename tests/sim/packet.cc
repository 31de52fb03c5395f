#include "packet.h"

#include "knock/step.h"

namespace postern::sim {
namespace {

Packet packet(Transport transport, const IpAddress& from, std::uint16_t source_port, std::uint16_t port) {
    Packet made;
    made.view.malformed = false;
    made.view.local = true;
    made.view.family = from.family;
    made.view.source = from;
    made.view.destination = gate_address(from.family);
    made.view.transport = transport;
    made.view.source_port = source_port;
    made.view.destination_port = port;
    return made;
}

IpAddress address(std::string_view text) { return parse_address(text).value(); }

}  // namespace

IpAddress gate_address(Family family) {
    static const IpAddress v4 = address("192.0.2.1"), v6 = address("2001:db8:1::1");
    return family == Family::v4 ? v4 : v6;
}

IpAddress routed_host() {
    static const IpAddress host = address("192.0.2.129");
    return host;
}

Packet tcp(const IpAddress& from, std::uint16_t source_port, std::uint16_t port, std::uint32_t sequence,
           std::uint8_t flags) {
    Packet made = packet(Transport::tcp, from, source_port, port);
    made.view.tcp_flags = flags;
    made.view.sequence = sequence;
    return made;
}

Packet udp(const IpAddress& from, std::uint16_t source_port, std::uint16_t port, Datagram payload) {
    Packet made = packet(Transport::udp, from, source_port, port);
    made.bytes = std::make_shared<const Datagram>(std::move(payload));
    made.view.payload = *made.bytes;
    return made;
}

Packet echo(const IpAddress& from) {
    const bool v4 = from.family == Family::v4;
    Packet made = packet(v4 ? Transport::icmp : Transport::icmpv6, from, 0, 0);
    made.view.icmp_type = v4 ? 8 : 128;
    return made;
}

Packet hit(const IpAddress& from, std::uint16_t source_port, const std::string& step) {
    const knock::Step taken = knock::parse_step(step).value();
    if (taken.transport == Transport::icmp) return echo(from);
    if (taken.transport == Transport::udp) return udp(from, source_port, taken.port);
    return tcp(from, source_port, taken.port, 1, taken.flags);
}

Packet routed(Packet packet) {
    packet.view.destination = routed_host();
    packet.view.local = false;
    return packet;
}

Packet from(const IpAddress& source, Packet packet) {
    packet.view.source = source;
    return packet;
}

std::string to_text(const Packet& packet) {
    const PacketView& view = packet.view;
    const char* transports[] = {"none", "tcp", "udp", "icmp", "icmpv6", "sctp", "udplite", "other"};
    std::string text = std::string{packet.author} + " " + transports[static_cast<std::size_t>(view.transport)] + " " +
                       to_text(view.source) + " " + std::to_string(view.source_port) + " -> " +
                       to_text(view.destination) + " " + std::to_string(view.destination_port);
    if (packet.message) text += " message " + std::to_string(packet.message->number) + " of " + packet.message->client;
    if (packet.wish) text += " wish " + std::to_string(packet.wish->number);
    return text;
}

}  // namespace postern::sim
