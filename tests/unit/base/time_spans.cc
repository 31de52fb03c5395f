// Stretches of used time: what is added stays used, close ones become one, and there are never more than eight.
#include "base/time_spans.h"

#include <random>
#include <set>

#include "catch.h"

using namespace postern;
using std::chrono::seconds;

namespace {

constexpr WallTime at(std::int64_t second) { return wall_time(1'800'000'000 + second); }

std::vector<TimeSpan> list(const TimeSpans& spans) { return {spans.all().begin(), spans.all().end()}; }

}  // namespace

TEST_CASE("both ends of a stretch are used, and nothing around it", "[base]") {
    TimeSpans spans;
    CHECK_FALSE(spans.contains(at(0)));
    spans.add({at(10), at(20)}, seconds{0});
    for (const WallTime used : {at(10), at(15), at(20)}) CHECK(spans.contains(used));
    CHECK_FALSE(spans.contains(at(10) - Duration{1}));
    CHECK_FALSE(spans.contains(at(20) + Duration{1}));
}

TEST_CASE("stretches that touch, overlap or lie close become one", "[base]") {
    TimeSpans spans;
    spans.add({at(10), at(20)}, seconds{5});
    spans.add({at(25), at(30)}, seconds{5});
    CHECK(list(spans) == std::vector{TimeSpan{at(10), at(30)}});
    spans.add({at(36), at(40)}, seconds{5});
    CHECK(spans.all().size() == 2);
    spans.add({at(0), at(50)}, seconds{5});
    CHECK(list(spans) == std::vector{TimeSpan{at(0), at(50)}});
}

TEST_CASE("the ends of time are times, too", "[base]") {
    TimeSpans spans;
    spans.add({WallTime::min(), at(0)}, seconds{60});
    spans.add({at(100), WallTime::max()}, seconds{60});
    CHECK(spans.contains(WallTime::min()));
    CHECK(spans.contains(WallTime::max()));
    CHECK_FALSE(spans.contains(at(50)));
}

TEST_CASE("the ninth stretch joins the two earliest, itself among them where it is one", "[base]") {
    TimeSpans spans;
    for (int i = 0; i < 9; ++i) spans.add({at(100 * i), at(100 * i)}, seconds{1});
    CHECK(spans.all().size() == TimeSpans::most);
    CHECK(spans.all().front() == TimeSpan{at(0), at(100)});
    spans.add({at(-50), at(-50)}, seconds{1});
    CHECK(spans.all().front() == TimeSpan{at(-50), at(100)});
    CHECK(spans.all().size() == TimeSpans::most);
}

// The twin remembers every second that was added.
TEST_CASE("what was added stays used, in order and apart", "[base]") {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        std::mt19937 random{seed};
        const auto up_to = [&](int n) { return std::uniform_int_distribution<int>{0, n}(random); };
        TimeSpans spans;
        std::set<int> twin;
        for (int step = 0; step < 100; ++step) {
            INFO("seed " << seed << ", step " << step);
            const int from = up_to(10'000), to = from + up_to(30);
            spans.add({at(from), at(to)}, seconds{7});
            for (int second = from; second <= to; ++second) twin.insert(second);
            for (const int second : twin) REQUIRE(spans.contains(at(second)));
            REQUIRE(spans.all().size() <= TimeSpans::most);
            for (std::size_t i = 1; i < spans.all().size(); ++i)
                REQUIRE(spans.all()[i].from - spans.all()[i - 1].to > seconds{7});
        }
    }
}
