// Losses of power at random instants: whatever the disk has kept of what was not synced, nothing that was accepted
// before is accepted behind it, no line of a one-time list that opened opens again, members wait no longer and lists
// lose no more than is said.
#include <algorithm>

#include "catch.h"
#include "scratch.h"
#include "unit/posternd/life.h"
#include "unit/posternd/recorded_disk.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

constexpr int all = 160;  // lines of the list

struct Accepted {
    Datagram datagram;
    WallTime time;
    std::size_t operations = 0;  // of the disk, done by then
};

struct Knocked {
    int line = 0;
    Reason reason{};
    std::uint32_t next = 0;  // line that was not used behind it
    std::size_t operations = 0;
};

// An hour of a gate: messages come, lines are knocked, the clock is set now and then, the disk is kept ahead of it all.
struct Story {
    std::mt19937 random;
    RecordedDisk disk;
    std::vector<Accepted> accepted;
    std::vector<Knocked> knocked;
    SteadyTime end;

    explicit Story(std::uint32_t seed) : random{seed} {
        const ScratchDirectory directory;
        Life life{directory.path(), dawn, fresh, some_lines(all)};
        for (int step = 0; step < 40; ++step) {
            life.pass_and_look(std::chrono::seconds{random() % 10});
            if (random() % 20 == 0) life.set_clock(std::chrono::seconds{static_cast<int>(random() % 7200) - 3600});
            send(life);
            for (auto lines = random() % 4; lines > 0; --lines) knock(life);  // of which the disk is ready for two
        }
        end = life.now().steady;
    }
    void send(Life& life) {
        Datagram datagram = life.sealed();
        const std::size_t before = disk.operations();
        if (life.send(datagram) == Reason::spa_accepted)
            accepted.push_back({std::move(datagram), life.now().wall, before});
    }
    void knock(Life& life) {
        const int line = static_cast<int>(position(life).next + (random() % 8 == 0));  // one is lost now and then
        const std::size_t before = disk.operations();
        const Reason reason = walk(life, line);
        knocked.push_back({line, reason, position(life).next, before});
    }
};

// The list behind a loss of power that so many operations of the disk were done before. Returns the lines that it lost.
std::uint32_t check_list(Life& life, const Story& story, std::size_t operations) {
    std::uint32_t before = 0;
    for (const Knocked& each : story.knocked) {
        if (each.operations > operations) break;
        before = each.next;
        if (each.reason == Reason::knock_opened) CHECK(walk(life, each.line) != Reason::knock_opened);
    }
    CHECK(life.keeper->report().lines_warning.empty());
    const std::uint32_t next = position(life).next;
    CHECK(next <= before + 2);
    CHECK(walk(life, static_cast<int>(next)) == Reason::knock_opened);
    return next > before ? next - before : 0;
}

}  // namespace

TEST_CASE("what was accepted before a loss of power is never accepted behind it, and no line opens again",
          "[posternd]") {
    std::size_t again = 0, lost = 0, lines = 0;
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        Story story{seed};
        const auto& accepted = story.accepted;
        REQUIRE(accepted.size() > 10);
        const auto opened = std::ranges::count(story.knocked, Reason::knock_opened, &Knocked::reason);
        REQUIRE(opened > 20);
        REQUIRE(story.knocked.back().next < all);
        const std::size_t done = story.disk.operations();
        for (int loss = 0; loss < 6; ++loss, ++lost) {
            const std::size_t at = story.random() % (done + 1);
            INFO("seed " << seed << ", power lost behind " << at << " of " << done << " operations");
            const ScratchDirectory after;
            story.disk.restore(at, story.random, after.path());
            const auto known = std::ranges::find_if(accepted, [&](const auto& each) { return each.operations > at; });
            for (auto one = known - std::min<std::ptrdiff_t>(2, known - accepted.begin()); one != known; ++one) {
                const ScratchDirectory place;
                std::filesystem::copy(after.path(), place.path(), std::filesystem::copy_options::recursive);
                // The clock says again what it said then.
                Life next{place.path(), {story.end, one->time}, {}, some_lines(all)};
                for (auto each = accepted.begin(); each != known; ++each, ++again)
                    CHECK(next.send(each->datagram) != Reason::spa_accepted);
                if (one + 1 != known) continue;
                CHECK(refused_for(next, next.bob) <= promised);  // her own times may be used up
                lines += check_list(next, story, at);
            }
        }
    }
    CHECK(again > 200);
    CHECK(lines > 0);
    WARN(lost << " losses of power, " << again << " messages sent again, " << lines << " lines lost");
}
