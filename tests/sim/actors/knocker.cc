// An honest knocker: the steps in their order, the SYN right behind the last; all of it again where it is not let in.
#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

struct Knocker {
    Person person;  // for the addresses
    PlannedKnock knock;
    Dice dice;
    std::uint16_t port = 20000;
};

void send(World& world, Packet packet, const std::shared_ptr<Wish>& wish, const Path& path) {
    packet.author = "knocker";
    packet.wish = wish;
    world.network.send(packet, path);
}

void knock(World& world, Knocker& me, const std::shared_ptr<Wish>& wish, const Path& path, std::uint16_t port) {
    Duration pause{};
    for (std::size_t i = 0; i < me.knock.opening.size(); ++i, pause += me.dice.between(1ms, 300ms))
        world.agenda.in(pause, [&world, &me, wish, path, port, i] {
            Packet packet = hit(me.person.v4, port, me.knock.opening[i]);
            packet.step = i + 1;
            send(world, packet, wish, path);
            if (i + 1 == me.knock.opening.size()) send(world, tcp(me.person.v4, port, 22, 1), wish, path);
        });
}

void begin_wish(World& world, Knocker& me) {
    const auto wish = world.new_wish();
    wish->client = me.knock.name;
    wish->service = me.knock.service;
    wish->steps = me.knock.opening.size();
    Path path{me.dice.between(0ms, 100ms)};
    if (me.dice.chance(30)) path = {path.delay, 500ms, 10, 10};
    const std::uint16_t port = ++me.port;
    for (const Duration later : {0s, 3s, 8s})
        world.agenda.in(later, [&world, &me, wish, path, port] {
            if (!wish->let_in) knock(world, me, wish, path, port);
        });
    if (!me.dice.chance(30)) return;
    for (std::size_t i = 0; i < me.knock.closing.size(); ++i)
        world.agenda.in(14s + i * 50ms,
                        [&world, &me, path, i] { send(world, hit(me.person.v4, 4, me.knock.closing[i]), {}, path); });
}

}  // namespace

void add_knockers(World& world) {
    Dice dice = world.dice.split();
    for (unsigned i = 0; i < world.climate.knockers; ++i) {
        const std::string name = "knock-" + std::to_string(i);
        const auto port = [&](unsigned base) { return std::to_string(base + 10 * i); };
        const auto me = std::make_shared<Knocker>(
            Knocker{world.people.make(name),
                    {name, {"tcp/" + port(7000), "udp/" + port(8000), "tcp/" + port(9000)}, {}, "ssh"},
                    dice.split()});
        if (me->dice.chance(50)) me->knock.opening.push_back("icmp/echo-request");
        if (me->dice.chance(70)) me->knock.closing = {"udp/" + port(8001), "tcp/" + port(7001)};
        world.full.knocks.push_back(me->knock);
        world.often(dice.split(), 20s, 60s, [&world, me] { begin_wish(world, *me); });
    }
}

}  // namespace postern::sim
