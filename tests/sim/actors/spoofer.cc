// Sends with the members' addresses, which it guesses or knows: SYNs without a proof, wrong packets into knocks, junk.
#include "actors.h"

namespace postern::sim {

using namespace std::chrono_literals;

void add_spoofer(World& world) {
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 0s, world.pause(400ms), [&world, dice] {
        const Person& victim = dice->pick(world.full.clients).person;
        const IpAddress knocker = IpAddress::v4(std::array<std::uint8_t, 4>{
            198, 51, 0, static_cast<std::uint8_t>(dice->between(1, world.climate.members + world.climate.knockers))});
        const IpAddress source = dice->chance(20) ? knocker : dice->chance(60) ? victim.v4 : victim.v6;
        const std::uint16_t ports[] = {22, 8443, 8444, 25, 7000, 9000};
        const auto sequence = static_cast<std::uint32_t>(dice->draw());
        Packet packet = dice->chance(70)   ? tcp(source, dice->port(), ports[dice->below(6)], sequence)
                        : dice->chance(50) ? udp(source, dice->port(), 51820, Datagram(50))
                                           : udp(source, dice->port(), spa_port, Datagram(dice->between(100, 520)));
        packet.author = "spoofer";
        world.network.send(packet, {1ms, 30ms});
    });
}

}  // namespace postern::sim
