// Sits on the path of everybody: sends again what it saw, at once and faster than the original, later, and all of it
// when the gate comes back; from the same source, from its own, from others'; also altered. Behind it a SYN.
#include <algorithm>
#include <deque>

#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t remembered = 3000;

class Replayer : public Witness {
public:
    explicit Replayer(World& world) : world_{world}, dice_{world.dice.split()} {
        world_.network.tap([this](const Packet& packet) { see(packet); });
        world_.often(dice_.split(), 0s, world_.pause(300ms), [this] { replay_one(); });
        world_.often(dice_.split(), 5s, world_.pause(20s), [this] { replay_latest(20); });
    }

    // A gate that comes back may have forgotten something.
    void lived(Instant, const Policy&, End) override {
        constexpr Duration pauses[] = {1ms, 500ms, 5s, 20s, 45s};
        for (const Duration later : pauses) world_.agenda.in(later, [this] { replay_latest(40); });
    }
    void clock_set(Instant, Duration) override {
        constexpr Duration pauses[] = {1ms, 2s};
        for (const Duration later : pauses) world_.agenda.in(later, [this] { replay_any(40); });
    }

private:
    // Only what honest people send proves or knocks.
    void see(const Packet& packet) {
        if (!packet.message && packet.step == 0) return;
        seen_.push_back(packet);
        if (seen_.size() > remembered) seen_.pop_front();
        if (dice_.chance(4)) again(packet, 0ms);
    }

    void replay_one() {
        if (seen_.empty()) return;
        const std::size_t reach = std::min<std::size_t>(seen_.size(), dice_.chance(70) ? 30 : remembered);
        again(seen_[seen_.size() - 1 - dice_.below(reach)], 1ms);
    }
    void replay_latest(std::size_t count) {
        for (std::size_t i = 1; i <= std::min(count, seen_.size()); ++i) again(seen_[seen_.size() - i], i * 1ms);
    }
    void replay_any(std::size_t count) {
        for (std::size_t i = 0; i < count && !seen_.empty(); ++i) again(dice_.pick(seen_), i * 1ms);
    }

    void again(Packet packet, Duration later) {
        packet.author = "replayer";
        packet.wish = nullptr;
        packet.step = 0;
        const auto from_where = dice_.below(4);
        if (from_where == 0) packet.view.source = own(packet.view.family);
        if (from_where == 1) packet.view.source = dice_.pick(seen_).view.source;
        packet.view.family = packet.view.source.family;
        packet.view.destination = gate_address(packet.view.family);
        if (packet.view.transport == Transport::icmp || packet.view.transport == Transport::icmpv6)
            packet = echo(packet.view.source), packet.author = "replayer";
        if (packet.message && dice_.chance(5)) alter(packet);
        const Path path{later, 0ms, 0, 0};
        send_raw(packet, path);
        if (!dice_.chance(30)) return;
        const std::uint16_t ports[] = {22, 8443, 25};
        Packet opening = tcp(packet.view.source, dice_.chance(50) ? packet.view.source_port : dice_.port(),
                             ports[dice_.below(3)], static_cast<std::uint32_t>(dice_.draw()));
        opening.author = "replayer";
        send_raw(opening, path);
    }

    // Past the tap: it does not listen to itself.
    void send_raw(const Packet& packet, const Path& path) {
        world_.agenda.in(path.delay, [this, packet] { world_.host.arrive(packet); });
    }

    void alter(Packet& packet) {
        Datagram bytes = *packet.bytes;
        dice_.pick(bytes) ^= static_cast<std::uint8_t>(1 << dice_.below(8));
        packet.bytes = std::make_shared<const Datagram>(std::move(bytes));
        packet.view.payload = *packet.bytes;
        packet.message = nullptr;
    }

    [[nodiscard]] static IpAddress own(Family family) {
        if (family == Family::v4) return IpAddress::v4(std::array<std::uint8_t, 4>{203, 0, 113, 66});
        return parse_address("2001:db8:66::66").value();
    }

    World& world_;
    Dice dice_;
    std::deque<Packet> seen_;
};

}  // namespace

void add_replayer(World& world) { world.court.call(std::make_shared<Replayer>(world)); }

}  // namespace postern::sim
