// Losses of power at random instants: whatever the disk has kept of what was not synced, nothing that was accepted
// before is accepted behind it, and members wait no longer than is said.
#include <algorithm>

#include "catch.h"
#include "unit/io/scratch_directory.h"
#include "unit/posternd/life.h"
#include "unit/posternd/recorded_disk.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

struct Accepted {
    Datagram datagram;
    WallTime time;
    std::size_t operations = 0;  // of the disk, done by then
};

// An hour of a gate: messages come, the clock is set now and then, the horizon is moved on.
std::vector<Accepted> live(Life& life, const RecordedDisk& disk, std::mt19937& random) {
    std::vector<Accepted> accepted;
    for (int step = 0; step < 40; ++step) {
        life.pass_and_look(std::chrono::seconds{random() % 10});
        if (random() % 20 == 0) life.set_clock(std::chrono::seconds{static_cast<int>(random() % 7200) - 3600});
        Datagram datagram = life.sealed();
        const std::size_t before = disk.operations();
        if (life.send(datagram) == Reason::spa_accepted)
            accepted.push_back({std::move(datagram), life.now().wall, before});
    }
    return accepted;
}

}  // namespace

TEST_CASE("what was accepted before a loss of power is never accepted behind it", "[posternd]") {
    std::size_t again = 0, lost = 0;
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        std::mt19937 random{seed};
        const ScratchDirectory directory;
        RecordedDisk disk;
        auto life = std::make_unique<Life>(directory.path(), dawn, fresh);
        const auto accepted = live(*life, disk, random);
        const SteadyTime end = life->now().steady;
        REQUIRE(accepted.size() > 10);
        life.reset();
        const std::size_t done = disk.operations();
        for (int loss = 0; loss < 6; ++loss, ++lost) {
            const std::size_t at = random() % (done + 1);
            INFO("seed " << seed << ", power lost behind " << at << " of " << done << " operations");
            const ScratchDirectory after;
            disk.restore(at, random, after.path());
            const auto known = std::ranges::find_if(accepted, [&](const auto& each) { return each.operations > at; });
            for (auto one = known - std::min<std::ptrdiff_t>(2, known - accepted.begin()); one != known; ++one) {
                const ScratchDirectory place;
                std::filesystem::copy(after.path(), place.path(), std::filesystem::copy_options::recursive);
                Life next{place.path(), {end, one->time}};  // the clock says again what it said then
                for (auto each = accepted.begin(); each != known; ++each, ++again)
                    CHECK(next.send(each->datagram) != Reason::spa_accepted);
                if (one + 1 == known) CHECK(refused_for(next, next.bob) <= promised);  // her own times may be used up
            }
        }
    }
    CHECK(again > 200);
    WARN(lost << " losses of power, " << again << " messages sent again");
}
