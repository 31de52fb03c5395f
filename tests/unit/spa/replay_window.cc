#include "spa/replay_window.h"

#include <algorithm>
#include <random>
#include <set>

#include "catch.h"

using namespace postern;
using namespace postern::spa;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration skew = seconds{30};
constexpr WallTime start = wall_time(1'763'000'000);

noise::Digest hash_of(std::uint32_t number) {
    noise::Digest hash{};
    const auto bytes = big_endian(number);
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
}

struct Message {
    WallTime time;
    std::uint32_t number = 0;
};

TimeSpans until(WallTime end) {
    TimeSpans used;
    used.add({WallTime::min(), end}, Duration::zero());
    return used;
}

// The latest time that is used.
WallTime floor_of(const ReplayWindow& window) { return window.used().all().back().to; }

// The window as the gate uses it: check, then accept at once.
struct Gate {
    ReplayWindow window{until(start)};

    std::optional<Reason> offer(const Message& m, WallTime now) {
        const auto reason = window.check(m.time, hash_of(m.number), now, skew);
        if (!reason) window.accept(m.time, hash_of(m.number), now, skew);
        return reason;
    }
};

}  // namespace

TEST_CASE("fresh is what lies within the skew, both ends included", "[spa]") {
    const ReplayWindow window{until(start)};
    const WallTime now = start + seconds{100};
    const auto check = [&](WallTime time) { return window.check(time, hash_of(1), now, skew); };
    CHECK_FALSE(check(now));
    CHECK_FALSE(check(now - skew));
    CHECK_FALSE(check(now + skew));
    CHECK(check(now - skew - Duration{1}) == Reason::spa_stale);
    CHECK(check(now + skew + Duration{1}) == Reason::spa_stale);
}

TEST_CASE("what is of a used time is old", "[spa]") {
    const ReplayWindow window{until(start)};
    CHECK(window.check(start, hash_of(1), start, skew) == Reason::spa_old);
    CHECK(window.check(start - seconds{1}, hash_of(1), start, skew) == Reason::spa_old);
    CHECK_FALSE(window.check(start + Duration{1}, hash_of(1), start, skew));
}

TEST_CASE("a check changes nothing, an accepted message is not accepted again", "[spa]") {
    ReplayWindow window{until(start)};
    const WallTime time = start + seconds{1};
    for (int i = 0; i < 3; ++i) CHECK_FALSE(window.check(time, hash_of(1), time, skew));
    window.accept(time, hash_of(1), time, skew);
    CHECK(window.check(time, hash_of(1), time, skew) == Reason::spa_replayed);
    CHECK_FALSE(window.check(time, hash_of(2), time, skew));
    CHECK(floor_of(window) == start);
}

TEST_CASE("the 65th entry uses up the time of the oldest", "[spa]") {
    Gate gate;
    for (std::uint32_t i = 1; i <= 64; ++i) REQUIRE_FALSE(gate.offer({start + milliseconds{i}, i}, start));
    CHECK(floor_of(gate.window) == start);
    CHECK_FALSE(gate.offer({start + milliseconds{65}, 65}, start));
    CHECK(floor_of(gate.window) == start + milliseconds{1});
    CHECK(gate.window.entries().size() == 64);
    CHECK(gate.offer({start + milliseconds{1}, 1}, start) == Reason::spa_old);
    CHECK(gate.offer({start + milliseconds{2}, 2}, start) == Reason::spa_replayed);
}

TEST_CASE("in a full window a late newcomer is accepted once and leaves as the oldest", "[spa]") {
    Gate gate;
    for (std::uint32_t i = 1; i <= 64; ++i) REQUIRE_FALSE(gate.offer({start + milliseconds{100 + i}, i}, start));
    const Message late{start + milliseconds{50}, 1000};
    CHECK_FALSE(gate.offer(late, start));
    CHECK(floor_of(gate.window) == late.time);
    CHECK(gate.offer(late, start) == Reason::spa_old);
}

TEST_CASE("an entry that leaves for age uses up its own time only", "[spa]") {
    Gate gate;
    REQUIRE_FALSE(gate.offer({start + seconds{1}, 1}, start));
    REQUIRE_FALSE(gate.offer({start + seconds{2}, 2}, start));
    const WallTime later = start + seconds{100};
    REQUIRE_FALSE(gate.offer({later, 3}, later));
    CHECK(floor_of(gate.window) == start + seconds{2});
    CHECK(gate.window.entries().size() == 1);
}

TEST_CASE("an entry that is just within the skew stays", "[spa]") {
    Gate gate;
    const Message oldest{start + seconds{1}, 1};
    REQUIRE_FALSE(gate.offer(oldest, oldest.time));
    REQUIRE_FALSE(gate.offer({oldest.time + skew, 2}, oldest.time + skew));
    CHECK(gate.window.entries().size() == 2);
    CHECK_FALSE(gate.offer({oldest.time, 3}, oldest.time + skew));
    CHECK(gate.offer(oldest, oldest.time + skew) == Reason::spa_replayed);
}

TEST_CASE("a clock set back reopens nothing and locks nobody out", "[spa]") {
    Gate gate;
    const WallTime ahead = start + seconds{3600};
    REQUIRE_FALSE(gate.offer({start + seconds{1}, 1}, start + seconds{1}));
    REQUIRE_FALSE(gate.offer({ahead, 2}, ahead));  // lets go of the first
    CHECK(gate.offer({start + seconds{1}, 1}, start + seconds{1}) == Reason::spa_old);
    CHECK_FALSE(gate.offer({start + seconds{3}, 3}, start + seconds{3}));
}

TEST_CASE("a clock that was ahead for an hour of work takes none of the time before it", "[spa]") {
    Gate gate;
    const WallTime before = start + seconds{60}, ahead = start + seconds{86'400};
    REQUIRE_FALSE(gate.offer({before, 0}, before));
    for (std::uint32_t i = 1; i <= 3600; ++i) REQUIRE_FALSE(gate.offer({ahead + seconds{i}, i}, ahead + seconds{i}));
    for (std::uint32_t i = 1; i <= 3600; ++i) {  // the same hour as it truly was
        const WallTime now = before + seconds{i};
        REQUIRE_FALSE(gate.offer({now, 10'000 + i}, now));
        REQUIRE(gate.offer({now, 10'000 + i}, now) == Reason::spa_replayed);
    }
    CHECK(gate.offer({before, 0}, before) == Reason::spa_old);
    for (std::uint32_t i = 1; i <= 3600; ++i) REQUIRE(gate.offer({ahead + seconds{i}, i}, ahead + seconds{i}));
}

TEST_CASE("a window made of what another one kept is that window", "[spa]") {
    Gate gate;
    for (std::uint32_t i = 1; i <= 100; ++i) REQUIRE_FALSE(gate.offer({start + seconds{i}, i}, start + seconds{i}));
    ReplayWindow again{gate.window.used()};
    for (const auto& entry : gate.window.entries()) again.remember(entry, skew);
    CHECK(std::ranges::equal(again.entries(), gate.window.entries()));
    CHECK(std::ranges::equal(again.used().all(), gate.window.used().all()));
}

// The twin remembers every message it ever accepted. Whatever is offered, in whatever order, with whatever clock, the
// window must not accept what the twin has; and must accept what is fresh and later than all before it.
TEST_CASE("nothing is accepted twice, and nothing honest is refused", "[spa]") {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        std::mt19937 random{seed};
        const auto up_to = [&](int n) { return std::uniform_int_distribution<int>{0, n}(random); };
        Gate gate;
        std::set<std::uint32_t> twin;
        std::vector<Message> sent;
        WallTime now = start, latest = start;
        for (int step = 0; step < 3000; ++step) {
            INFO("seed " << seed << ", step " << step);
            const int dice = up_to(99);
            if (dice < 3) now += seconds{up_to(240) - 120};  // the clock is set, either way
            if (dice >= 3 && dice < 60) now += milliseconds{up_to(2000)};
            const bool again = !sent.empty() && up_to(2) == 0;
            if (!again) sent.push_back({now + milliseconds{up_to(70000) - 35000}, static_cast<std::uint32_t>(step)});
            const std::size_t recent = std::min<std::size_t>(sent.size() - 1, 200);
            const Message m =
                again ? sent[sent.size() - 1 - static_cast<std::size_t>(up_to(static_cast<int>(recent)))] : sent.back();
            const auto reason = gate.offer(m, now);
            const bool fresh = m.time >= now - skew && m.time <= now + skew;
            REQUIRE((reason == Reason::spa_stale) == !fresh);
            if (!reason) REQUIRE(twin.insert(m.number).second);
            if (reason == Reason::spa_replayed) REQUIRE(twin.contains(m.number));
            if (fresh && m.time > latest) REQUIRE_FALSE(reason);
            if (!reason) latest = std::max(latest, m.time);
            REQUIRE(gate.window.entries().size() <= ReplayWindow::capacity);
            REQUIRE(floor_of(gate.window) <= latest);
        }
        CHECK(twin.size() > 100);
    }
}

TEST_CASE("one client's messages in their order are all accepted, whoever repeats them", "[spa]") {
    Gate gate;
    std::vector<Message> sent;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const WallTime now = start + milliseconds{1 + 700 * i};
        sent.push_back({now, i});
        REQUIRE_FALSE(gate.offer(sent.back(), now + milliseconds{50}));
        for (std::size_t back = 1; back <= 100 && back <= sent.size(); back += 9)
            REQUIRE(gate.offer(sent[sent.size() - back], now + milliseconds{60}));
    }
}
