// An honest client of a one-time list, as `postern knock --one-time-list` is: the first line that is not marked, which
// is marked before it leaves, and the SYN right behind it. Where it is not let in, the next line.
#include <algorithm>

#include "actors.h"
#include "actors/list_files.h"
#include "knock/step.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

struct Walker {
    std::shared_ptr<ListFile> file;
    Dice dice;
    std::uint16_t port = 30000;
};

LineSteps draw_line(World& world, Dice& dice) {
    const auto transport = [&] { return dice.chance(50) ? "tcp/" : "udp/"; };
    LineSteps steps{transport() + std::to_string(10000 + world.lines_drawn++)};
    for (auto left = dice.between(1, 3); left > 0; --left)
        steps.push_back(transport() + std::to_string(dice.between(25000, 49999)));
    if (dice.chance(15)) steps.insert(steps.begin() + 1, "icmp/echo-request");
    return steps;
}

bool repeats(LineSteps steps) {
    std::ranges::sort(steps);
    return std::ranges::adjacent_find(steps) != steps.end();
}

std::shared_ptr<const std::vector<knock::Step>> parsed(const LineSteps& line) {
    std::vector<knock::Step> steps;
    for (const std::string& step : line) steps.push_back(knock::parse_step(step).value());
    return std::make_shared<const std::vector<knock::Step>>(std::move(steps));
}

void send_step(World& world, Packet packet, const std::shared_ptr<Wish>& wish, const Path& path) {
    packet.author = "walker";
    packet.wish = wish;
    world.network.send(packet, path);
}

void send_line(World& world, Walker& me, const LineSteps& line, const std::shared_ptr<Wish>& wish, const Path& path) {
    const std::uint16_t port = ++me.port;
    Duration pause{};
    for (std::size_t i = 0; i < line.size(); ++i, pause += me.dice.between(5ms, 60ms))
        world.agenda.in(pause, [&world, &me, line, wish, path, port, i] {
            Packet packet = hit(me.file->client, port, line[i]);
            packet.step = i + 1;
            send_step(world, packet, wish, path);
            if (i + 1 == line.size()) send_step(world, tcp(me.file->client, port, 22, 1), wish, path);
        });
}

void use_next(World& world, Walker& me, const Path& path, unsigned tries) {
    ListFile& file = *me.file;
    if (file.next >= file.lines.size()) return;
    const LineSteps& line = file.lines[file.next++];
    const auto wish = world.new_wish();
    wish->client = file.name;
    wish->service = "ssh";
    wish->steps = line.size();
    wish->line = parsed(line);
    send_line(world, me, line, wish, path);
    world.agenda.in(me.dice.between(1500ms, 5s), [&world, &me, wish, path, tries] {
        me.file->failed = wish->let_in ? 0 : me.file->failed + 1;
        if (!wish->let_in && tries > 1) use_next(world, me, path, tries - 1);
    });
}

void begin_wish(World& world, Walker& me) {
    Path path{me.dice.between(0ms, 100ms)};
    if (me.dice.chance(25)) path = {path.delay, me.dice.between(1ms, 60ms), 10, 10};
    use_next(world, me, path, 3);
}

}  // namespace

std::vector<LineSteps> draw_lines(World& world, Dice& dice, std::size_t count) {
    std::vector<LineSteps> lines;
    while (lines.size() < count)
        if (LineSteps line = draw_line(world, dice); !repeats(line)) lines.push_back(std::move(line));
    return lines;
}

void add_list_walkers(World& world) {
    Dice dice = world.dice.split();
    for (unsigned i = 0; i < world.climate.lists; ++i) {
        const auto last = static_cast<std::uint8_t>(1 + i);
        const auto file = std::make_shared<ListFile>();
        file->name = "list-" + std::to_string(i);
        file->client = IpAddress::v4(std::array<std::uint8_t, 4>{198, 51, 240, last});
        file->lines = draw_lines(world, dice, dice.between(20, 60));
        world.full.lists.push_back({{file->name, {}, {}, "ssh"}, file->lines});
        world.list_files.push_back(file);
        const auto me = std::make_shared<Walker>(Walker{file, dice.split()});
        world.often(dice.split(), 1s, 20s, [&world, me] { begin_wish(world, *me); });
    }
}

}  // namespace postern::sim
