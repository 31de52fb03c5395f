// Knows the gate's public key and is no client: seals messages that open and name nobody, envelopes around nothing; in
// some worlds so many that the budget of strangers is spent.
#include "actors.h"
#include "spa/slot.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

class Stranger {
public:
    explicit Stranger(World& world)
        : world_{world}, person_{world.people.make("stranger")}, dice_{world.dice.split()} {}

    void act() {
        dice_.chance(50) ? introduce() : send_envelope(source());
        Packet opening = tcp(person_.v4, dice_.port(), 22, static_cast<std::uint32_t>(dice_.draw()));
        opening.author = "stranger";
        world_.network.send(opening, {2ms});
    }
    void spend_budget() {
        const IpAddress victim = source();
        for (int i = 0; i < 1100; ++i) send_envelope(dice_.chance(50) ? victim : person_.v4);
    }

private:
    IpAddress source() { return dice_.chance(50) ? dice_.pick(world_.full.clients).person.v4 : person_.v4; }

    void introduce() {
        spa::Claims claims;
        dice_.fill(claims.attempt);
        claims.time = world_.clocks.truth();
        claims.services = {"ssh"};
        claims.v4 = {spa::AddressClaim::Mode::exact, person_.v4};
        auto sealed = world_.people.seal(person_, claims);
        if (sealed) post(person_.v4, std::move(sealed->bytes), sealed->message);
    }
    void send_envelope(const IpAddress& source) {
        Datagram nothing(dice_.between(96, 300));
        dice_.fill(nothing);
        post(source, world_.people.wrap(nothing, world_.clocks.truth()), nullptr);
    }
    void post(const IpAddress& source, Datagram bytes, std::shared_ptr<const Message> message) {
        Packet packet = udp(source, dice_.port(), spa_port, std::move(bytes));
        packet.message = std::move(message);
        packet.author = "stranger";
        packet.costs = true;
        world_.network.send(packet, {2ms, 300ms});
    }

    World& world_;
    Person person_;
    Dice dice_;
};

}  // namespace

void add_stranger_with_key(World& world) {
    const auto stranger = std::make_shared<Stranger>(world);
    world.often(world.dice.split(), 0s, world.pause(5s), [stranger] { stranger->act(); });
    if (world.climate.envelopes) world.often(world.dice.split(), 20s, 120s, [stranger] { stranger->spend_budget(); });
}

}  // namespace postern::sim
