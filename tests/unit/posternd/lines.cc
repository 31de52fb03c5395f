// One-time lists over lives of a gate: whatever kills it, no line is good twice, and few are lost.
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>

#include "catch.h"
#include "scratch.h"
#include "unit/posternd/life.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

constexpr int all = 60;

// A client that goes through the list, and loses a line on the way now and then.
struct Story {
    explicit Story(std::uint32_t seed) : random{seed} {}

    std::mt19937 random;
    const ScratchDirectory directory;
    Instant now = dawn;
    std::unique_ptr<Life> life = std::make_unique<Life>(directory.path(), dawn, fresh, some_lines(all));
    std::set<int> used;
    int lost = 0;  // by crashes

    void use_one() {
        const int line = static_cast<int>(position(*life).next + (random() % 5 == 0 ? random() % 3 : 0));
        if (line < all && walk(*life, line) == Reason::knock_opened) REQUIRE(used.insert(line).second);
    }
    void look() { life->pass_and_look(250ms); }

    void begin_again(bool in_order) {
        const auto before = position(*life);
        if (in_order) REQUIRE(life->keeper->end());
        now = life->now();
        life.reset();
        life = std::make_unique<Life>(directory.path(), now, SpentMarkers{}, some_lines(all));
        const auto next = position(*life).next;
        if (in_order) REQUIRE(next == before.next);
        REQUIRE(next <= before.next + 2);
        if (next > before.next) lost += static_cast<int>(next - before.next);
    }
    void nothing_again() {
        for (const int line : used) REQUIRE(walk(*life, line) != Reason::knock_opened);
    }
};

}  // namespace

TEST_CASE("the first two lines are there at the start, and each further one behind a look", "[posternd]") {
    const ScratchDirectory directory;
    Life life{directory.path(), dawn, fresh, some_lines(all)};
    CHECK(life.keeper->report().lines_warning.empty());
    CHECK(walk(life, 0) == Reason::knock_opened);
    CHECK(walk(life, 1) == Reason::knock_opened);
    CHECK(walk(life, 2) == Reason::knock_not_durable);
    for (int line = 3; line < all; ++line) {
        life.keeper->look(life.now());
        CHECK(walk(life, line - 1) == Reason::no_service);
        CHECK(walk(life, line) == Reason::knock_opened);
    }
}

TEST_CASE("who skipped lines is refused once: the next line is there then, also behind the window's last",
          "[posternd]") {
    const ScratchDirectory directory;
    Life life{directory.path(), dawn, fresh, some_lines(all)};
    for (const int line : {3, 9, 15}) {
        CHECK(walk(life, line) == Reason::knock_not_durable);
        life.keeper->look(life.now());
        CHECK(walk(life, line + 1) == Reason::knock_opened);
    }
}

TEST_CASE("whenever it is killed, no line is good twice, and a crash makes two void at most", "[posternd]") {
    int kills = 0, lost = 0;
    std::size_t used = 0;
    for (std::uint32_t seed = 1; seed <= 8; ++seed) {
        INFO("seed " << seed);
        Story story{seed};
        while (position(*story.life).next < all) {
            story.use_one();
            if (story.random() % 2 == 0) story.look();
            if (story.random() % 6 != 0) continue;
            const bool in_order = story.random() % 3 == 0;
            kills += !in_order;
            story.begin_again(in_order);
            story.nothing_again();
        }
        lost += story.lost;
        used += story.used.size();
    }
    CHECK(kills > 20);
    CHECK(lost > 0);
    CHECK(lost <= 2 * kills);
    CHECK(used > 150);
}

TEST_CASE("an end in order loses no line, and what was used stays so", "[posternd]") {
    const ScratchDirectory directory;
    Instant now = dawn;
    for (int line = 0; line < 10; ++line) {
        Life life{directory.path(), now, line == 0 ? fresh : SpentMarkers{}, some_lines(all)};
        if (line > 0) CHECK(walk(life, line - 1) == Reason::no_service);
        CHECK(walk(life, line) == Reason::knock_opened);
        REQUIRE(life.keeper->end());
        CHECK(walk(life, line + 1) == Reason::knock_not_durable);
        now = life.now();
    }
}

TEST_CASE("where the state is lost or damaged all lines of the policy are void, and new ones are the way back",
          "[posternd]") {
    for (const bool damaged : {false, true}) {
        const ScratchDirectory directory;
        {
            Life life{directory.path(), dawn, fresh, some_lines(all)};
            REQUIRE(walk(life, 0) == Reason::knock_opened);
            REQUIRE(life.keeper->end());
        }
        for (const char* part : {"state.db", "state.db-wal"}) std::filesystem::remove(directory / part);
        if (damaged) std::ofstream{directory / "state.db"} << std::string(5000, '?');
        {
            // A new key's marker says nothing of lines where there was a state.
            Life life{directory.path(), dawn, damaged ? fresh : SpentMarkers{}, some_lines(all)};
            CHECK_FALSE(life.keeper->report().lines_warning.empty());
            for (const int line : {0, 1, 30, all - 1}) CHECK(walk(life, line) == Reason::no_service);
            life.reload(life.with_door(some_lines(all + 5)));
            life.keeper->look(life.now());
            CHECK(walk(life, all) == Reason::knock_opened);
        }
        Life next{directory.path(), dawn, {}, some_lines(all + 5)};
        CHECK(next.keeper->report().lines_warning.empty());
        CHECK(walk(next, 1) == Reason::no_service);
        CHECK(walk(next, all + 3) == Reason::knock_opened);
    }
}

TEST_CASE("a list that a doubted start did not have is void when it comes; what is added then is new", "[posternd]") {
    const ScratchDirectory directory;
    {
        Life life{directory.path(), dawn};  // without a state, with a key that may be known elsewhere, and no list
        life.reload(life.with_door(some_lines(all)));
        life.keeper->look(life.now());
        for (const int line : {0, 1, 30, all - 1}) CHECK(walk(life, line) == Reason::no_service);
        CHECK(life.tables().lines().with([](const LineMemory& lines) { return lines.left(); })[0].doubted);
        life.reload(life.with_door(some_lines(all + 5)));
        life.keeper->look(life.now());
        CHECK(walk(life, all) == Reason::knock_opened);
    }
    Life next{directory.path(), dawn, {}, some_lines(all + 5)};
    CHECK(walk(next, 0) == Reason::no_service);
}

TEST_CASE("lines of a reload are on disk before they are used; those reserved before are there at once", "[posternd]") {
    const ScratchDirectory directory;
    {
        Life life{directory.path(), dawn, fresh, some_lines(10)};
        REQUIRE(walk(life, 0) == Reason::knock_opened);
        life.keeper->look(life.now());
        life.reload(life.with_door(some_lines(20)));
        CHECK(walk(life, 1) == Reason::knock_opened);
        life.reload(life.with_door(some_lines(10, 40)));
        CHECK(walk(life, 40) == Reason::knock_not_durable);
        life.keeper->look(life.now());
        CHECK(walk(life, 41) == Reason::knock_opened);
    }
    Life after{directory.path(), dawn, {}, some_lines(50)};  // killed: both lists at once
    CHECK(position(after).next == 43);
}

TEST_CASE("while the directory cannot be used lines run dry, and come back with it", "[posternd]") {
    const ScratchDirectory directory;
    const auto place = directory / "state";
    std::filesystem::create_directory(place);
    {
        Life before{place, dawn, fresh, some_lines(all)};
        REQUIRE(walk(before, 0) == Reason::knock_opened);
        REQUIRE(before.keeper->end());
    }
    std::filesystem::rename(place, directory / "moved");
    Life life{place, dawn, {}, some_lines(all)};
    for (const int line : {0, 1, 2}) CHECK(walk(life, line) == Reason::knock_not_durable);
    std::filesystem::rename(directory / "moved", place);
    life.pass_and_look(2s);
    CHECK(walk(life, 2) == Reason::no_service);
    CHECK(walk(life, 3) == Reason::knock_opened);
}
