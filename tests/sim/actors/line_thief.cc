// Sits on the path of who uses one-time lists, and has stolen a page further on: sends whole lines again, from its own
// address and from theirs, faster than they and long after; all of them when the gate comes back, gets another policy
// or another time; and lines of that page, which it has to wait for. Behind each a SYN.
#include <algorithm>
#include <deque>

#include "actors.h"
#include "actors/list_files.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

class LineThief : public Witness {
public:
    explicit LineThief(World& world) : world_{world}, dice_{world.dice.split()} {
        world_.network.tap([this](const Packet& packet) { see(packet); });
        world_.often(dice_.split(), 0s, world_.pause(3s), [this] { replay_any(); });
        world_.often(dice_.split(), 2s, world_.pause(15s), [this] { look_ahead(); });
    }

    void lived(Instant, const Policy&, End) override { soon({1ms, 500ms, 5s, 20s}); }
    void reloaded(Instant, const Policy&) override { soon({1ms, 2s}); }
    void clock_set(Instant, Duration) override { soon({1ms, 2s}); }

private:
    using Line = std::vector<Packet>;

    void see(const Packet& packet) {
        if (!packet.wish || !packet.wish->line || packet.step == 0) return;
        Line& line = seen_[packet.wish->number];
        line.push_back(packet);
        if (line.size() < packet.wish->steps) return;
        if (dice_.chance(8)) send(line, own(), 0ms);
        if (dice_.chance(30)) send(line, dice_.chance(80) ? own() : packet.view.source, dice_.between(100ms, 3s));
    }

    void soon(std::initializer_list<Duration> pauses) {
        for (const Duration later : pauses)
            world_.agenda.in(later, [this] {
                replay_latest(3);
                replay_any();
            });
    }
    void replay_latest(std::size_t count) {
        auto at = seen_.rbegin();
        for (; count > 0 && at != seen_.rend(); --count, ++at) send(at->second, own(), count * 10ms);
    }
    void replay_any() {
        if (seen_.empty()) return;
        const auto& [wish, line] = *std::next(seen_.begin(), static_cast<std::ptrdiff_t>(dice_.below(seen_.size())));
        send(line, dice_.chance(90) ? own() : line.front().view.source, 0ms);
    }

    // Behind the window, as far as it knows; the owner may be further by lines that never arrived.
    void look_ahead() {
        if (world_.list_files.empty()) return;
        const ListFile& file = *dice_.pick(world_.list_files);
        const std::size_t line = file.next + planned(world_, file).look_ahead + dice_.below(6);
        if (line >= file.lines.size()) return;
        Line stolen;
        for (const std::string& step : file.lines[line]) stolen.push_back(hit(file.client, dice_.port(), step));
        send(stolen, own(), 0ms);
    }

    // In the order in which they were sent, and past the tap.
    void send(const Line& line, const IpAddress& source, Duration later) {
        for (const Packet& step : line) again(step, source, later += 1ms);
        again(tcp(source, dice_.port(), 22, static_cast<std::uint32_t>(dice_.draw())), source, later + 1ms);
    }
    void again(Packet packet, const IpAddress& source, Duration later) {
        packet = from(source, packet);
        packet.author = "line thief";
        packet.wish = nullptr;
        packet.step = 0;
        world_.agenda.in(later, [this, packet] { world_.host.arrive(packet); });
    }

    [[nodiscard]] IpAddress own() {
        const auto last = static_cast<std::uint8_t>(100 + dice_.below(8));
        return IpAddress::v4(std::array<std::uint8_t, 4>{203, 0, 113, last});
    }

    World& world_;
    Dice dice_;
    std::map<std::uint64_t, Line> seen_;  // by wish
};

}  // namespace

void add_line_thief(World& world) {
    if (world.climate.lists > 0) world.court.call(std::make_shared<LineThief>(world));
}

}  // namespace postern::sim
