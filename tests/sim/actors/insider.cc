// A member who wants more than it was given: services of others, many flows of one grant, one attempt from two
// addresses, attempts without end, messages of other times. All of it is proved by its own key.
#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;
using Mode = spa::AddressClaim::Mode;

class Insider {
public:
    Insider(World& world, Person person) : world_{world}, person_{std::move(person)}, dice_{world.dice.split()} {}

    void act() {
        switch (dice_.below(7)) {
            case 0: return ask({"web"}, person_.v4);
            case 1: return ask({"ssh", "vpn"}, person_.v4);
            case 2: return ask_from_two_places();
            case 3: return ask_without_end();
            case 4: return ask_of_another_time();
            default: ask({"ssh"}, person_.v4);
        }
        for (auto left = dice_.between(1, 8); left > 0; --left) open(dice_.chance(80) ? person_.v4 : person_.v6);
    }

private:
    spa::Claims claims(const std::vector<std::string>& services) {
        spa::Claims made;
        dice_.fill(made.attempt);
        made.time = world_.clocks.truth();
        made.services = services;
        made.v4 = dice_.chance(30) ? spa::AddressClaim{Mode::as_seen, {}} : spa::AddressClaim{Mode::exact, person_.v4};
        if (dice_.chance(50)) made.v6 = {Mode::exact, person_.v6};
        if (dice_.chance(20)) made.window = std::chrono::seconds{dice_.between(1, 3600)};
        return made;
    }
    void send(const spa::Claims& claims, const IpAddress& source) {
        auto sealed = world_.people.seal(person_, claims);
        if (!sealed) return;
        Packet packet = udp(source, dice_.port(), spa_port, std::move(sealed->bytes));
        packet.message = sealed->message;
        post(packet);
    }
    void post(Packet packet) {
        packet.author = "insider";
        world_.network.send(packet, {2ms, 20ms, 0, 5});
    }
    void ask(const std::vector<std::string>& services, const IpAddress& source) { send(claims(services), source); }
    void open(const IpAddress& source) {
        const std::uint16_t ports[] = {22, 22, 22, 8443, 25};
        const std::uint16_t port = dice_.chance(20) ? 51820 : ports[dice_.below(5)];
        const auto sequence = static_cast<std::uint32_t>(dice_.draw());
        post(port == 51820 ? udp(source, dice_.port(), port) : tcp(source, dice_.port(), port, sequence));
    }

    static IpAddress elsewhere(std::uint8_t last) {
        return IpAddress::v4(std::array<std::uint8_t, 4>{198, 51, 250, last});
    }
    void ask_from_two_places() {
        spa::Claims one = claims({"ssh"});
        one.v4 = {Mode::as_seen, {}};
        for (std::uint8_t last = 1; last <= 2; ++last, one.time += 1ms) send(one, elsewhere(last));
        for (std::uint8_t last = 1; last <= 2; ++last) open(elsewhere(last));
    }
    void ask_without_end() {
        if (!dice_.chance(20)) return;
        for (int i = 0; i < 140; ++i) ask({"ssh"}, person_.v4);
    }
    void ask_of_another_time() {
        spa::Claims other = claims({"ssh"});
        other.time += dice_.between(-100s, 100s);
        send(other, person_.v4);
    }

    World& world_;
    Person person_;
    Dice dice_;
};

}  // namespace

void add_insider(World& world) {
    const Person person = world.people.make("insider");
    world.full.clients.push_back({person, {"ssh", "vpn"}, {}, SourceClaim::automatic});
    const auto insider = std::make_shared<Insider>(world, person);
    world.often(world.dice.split(), 0s, world.pause(10s), [insider] { insider->act(); });
}

}  // namespace postern::sim
