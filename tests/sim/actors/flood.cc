// Junk to the SPA port, from sources that are drawn anew each time: fills what strangers can fill.
#include "actors.h"

namespace postern::sim {

using namespace std::chrono_literals;

void add_flood(World& world) {
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 0s, world.pause(6s), [&world, dice] {
        for (auto left = dice->between(1, 60); left > 0; --left) {
            std::array<std::uint8_t, 16> bytes{};
            dice->fill(bytes);
            const IpAddress source = dice->chance(80) ? IpAddress::v4(Bytes{bytes}.first(4)) : IpAddress::v6(bytes);
            Datagram junk(dice->chance(70) ? dice->between(120, 512) : dice->below(600));
            dice->fill(junk);
            Packet packet = udp(source, dice->port(), spa_port, std::move(junk));
            packet.author = "flood";
            world.network.send(packet, {1ms, 100ms});
        }
    });
}

}  // namespace postern::sim
