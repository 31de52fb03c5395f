// An honest client: a message along every way, the first packet right behind it; again after 0.9, 2.9 and 6.9 s, as
// `postern connect` does; never without need. Its clock is off, its way is bad at times.
#include <algorithm>

#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;
using Mode = spa::AddressClaim::Mode;

struct Member {
    Person person;
    std::vector<std::string> services;
    Dice dice;
    Duration clock_off{};
    Duration delay{};
    bool v4 = true, v6 = false;
    bool as_seen = false;     // behind a translator: names no IPv4 address, and so no port
    bool names_port = false;  // as `postern connect` does
    std::uint16_t port = 10000;
};

// One wish with all that is the same whenever it is sent again.
struct Asking {
    std::shared_ptr<Wish> wish;
    spa::Claims claims;
    std::uint16_t port = 0;
    std::uint32_t sequence = 0;
    Path path;
};

Duration draw_clock_off(Dice& dice) {
    const auto kind = dice.below(10);
    if (kind < 7) return dice.between(-5s, 5s);
    return kind < 9 ? dice.between(-31s, 31s) : dice.between(-2h, 2h);
}

Packet first_packet(const Asking& asking, const IpAddress& source) {
    if (asking.wish->service == "vpn") return udp(source, asking.port, 51820, Datagram(100, 1));
    if (asking.wish->service == "mail") return routed(tcp(source, asking.port, 25, asking.sequence));
    return tcp(source, asking.port, asking.wish->service == "ssh" ? 22 : 8443, asking.sequence);
}

void send_message(World& world, Member& me, const Asking& asking, const IpAddress& source) {
    spa::Claims claims = asking.claims;
    claims.time = world.clocks.truth() + me.clock_off;
    if (claims.of(source.family).mode != Mode::exact) claims.source_port = 0;
    auto sealed = world.people.seal(me.person, claims);
    if (!sealed) return;
    Packet packet = udp(source, asking.port, spa_port, std::move(sealed->bytes));
    packet.message = sealed->message;
    packet.wish = asking.wish;
    packet.author = "member";
    world.network.send(packet, asking.path);
}

void send_first(World& world, const Asking& asking, const IpAddress& source) {
    Packet packet = first_packet(asking, source);
    packet.wish = asking.wish;
    packet.author = "member";
    world.network.send(packet, asking.path);
}

// All families, each by its message and its first packet.
void ask(World& world, Member& me, const Asking& asking, bool both_at_once) {
    if (me.v4) send_message(world, me, asking, me.person.v4);
    if (me.v6) send_message(world, me, asking, me.person.v6);
    send_first(world, asking, me.v4 ? me.person.v4 : me.person.v6);
    if (!me.v4 || !me.v6) return;
    const auto second = [&world, &me, asking] {
        if (!asking.wish->let_in) send_first(world, asking, me.person.v6);
    };
    both_at_once ? second() : world.agenda.in(250ms, second);
}

Asking new_asking(World& world, Member& me) {
    Asking asking{world.new_wish(), {}, ++me.port, static_cast<std::uint32_t>(me.dice.draw()), {me.delay}};
    asking.wish->client = me.person.name;
    asking.wish->service = me.dice.pick(me.services);
    spa::Claims& claims = asking.claims;
    me.dice.fill(claims.attempt);
    claims.services = {asking.wish->service};
    if (me.dice.chance(20) && me.services.size() > 1) claims.services = me.services;
    if (me.dice.chance(20)) claims.window = std::chrono::seconds{me.dice.between(1, 30)};
    if (me.v4)
        claims.v4 = me.as_seen ? spa::AddressClaim{Mode::as_seen, {}} : spa::AddressClaim{Mode::exact, me.person.v4};
    if (me.v6) claims.v6 = {Mode::exact, me.person.v6};
    if (me.names_port) claims.source_port = asking.port;
    if (me.dice.chance(35)) asking.path = {me.delay, me.dice.between(1ms, 2s), 15, 15};
    return asking;
}

void begin_wish(World& world, Member& me) {
    const Asking asking = new_asking(world, me);
    ask(world, me, asking, false);
    for (const Duration later : {900ms, 2900ms, 6900ms})
        world.agenda.in(later, [&world, &me, asking] {
            if (!asking.wish->let_in) ask(world, me, asking, true);
        });
    if (asking.wish->service == "vpn")  // datagrams wait for no answer
        for (const Duration later : {300ms, 1500ms, 3500ms})
            world.agenda.in(later,
                            [&world, &me, asking] { send_first(world, asking, me.v4 ? me.person.v4 : me.person.v6); });
}

std::shared_ptr<Member> new_member(World& world, unsigned number, Dice dice) {
    auto me = std::make_shared<Member>(Member{world.people.make("member-" + std::to_string(number)), {}, dice});
    for (const PlannedService& service : world.full.services)
        if (me->dice.chance(50)) me->services.push_back(service.name);
    if (me->services.empty()) me->services = {"ssh"};
    me->clock_off = draw_clock_off(me->dice);
    me->delay = me->dice.between(0ms, 300ms);
    me->v4 = me->dice.chance(80);
    me->v6 = !me->v4 || me->dice.chance(50);
    me->as_seen = me->dice.chance(25);
    me->names_port = me->dice.chance(60);
    const bool mail = std::ranges::count(me->services, "mail") > 0;
    if (mail) me->v4 = true, me->v6 = false;  // the host behind the gate has IPv4 alone
    return me;
}

}  // namespace

void add_members(World& world) {
    Dice dice = world.dice.split();
    for (unsigned i = 0; i < world.climate.members; ++i) {
        const auto me = new_member(world, i, dice.split());
        world.full.clients.push_back({me->person, me->services, {}, SourceClaim::automatic});
        const Duration pause = me->dice.between(3s, 40s);
        world.often(dice.split(), 0s, 2 * pause, [&world, me] { begin_wish(world, *me); });
    }
}

}  // namespace postern::sim
