// Sweeps ports from a few addresses: SYNs, other flags, datagrams, echoes, and what is no whole packet.
#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

Packet probe(Dice& dice, const IpAddress& source, std::uint16_t port) {
    switch (dice.below(8)) {
        case 0: return udp(source, dice.port(), port, Datagram(dice.below(40)));
        case 1: return tcp(source, dice.port(), port, 1, static_cast<std::uint8_t>(dice.below(256)));
        case 2: return echo(source);
        case 3: return routed(tcp(source, dice.port(), port, 1));
        default: return tcp(source, dice.port(), port, static_cast<std::uint32_t>(dice.draw()));
    }
}

void spoil(Dice& dice, PacketView& view) {
    if (dice.chance(2)) view.malformed = true;
    if (dice.chance(2)) view.more_fragments = true;
    if (dice.chance(1)) view.transport = Transport::sctp;
}

}  // namespace

void add_scanner(World& world) {
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 0s, world.pause(4s), [&world, dice] {
        const auto last = static_cast<std::uint8_t>(dice->between(1, 20));
        const IpAddress source = IpAddress::v4(std::array<std::uint8_t, 4>{203, 0, 113, last});
        const std::uint64_t first = dice->chance(30) ? 20 : dice->between(1, 60000);
        for (std::uint64_t i = 0; i < 20; ++i) {
            Packet packet = probe(*dice, source, static_cast<std::uint16_t>(first + i));
            spoil(*dice, packet.view);
            packet.author = "scanner";
            world.network.send(packet, {5ms, 50ms});
        }
    });
}

}  // namespace postern::sim
