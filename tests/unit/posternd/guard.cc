// What the daemon tells of the rules, from what the watch tells it: states, since when, and the end of the telling.
#include "posternd/guard.h"
#include "base/timestamp.h"
#include "catch.h"

using namespace postern;
using State = control::GuardReport::State;
using std::chrono::seconds;

namespace {

Instant at(int second) { return {SteadyTime{seconds{1000 + second}}, wall_time(1'800'000'000 + second)}; }

control::GuardReport report(State state, std::string text = "", std::uint64_t for_ms = 0, std::uint64_t revoked = 0) {
    return {state, std::move(text), for_ms, revoked};
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("nobody told: not watched, which is no warning", "[posternd]") {
    const Guard guard;
    CHECK(says(guard.sentence(at(0)), "not watched"));
    CHECK_FALSE(guard.warning(at(0)));
}

TEST_CASE("guarded from the beginning is no news", "[posternd]") {
    Guard guard;
    CHECK_FALSE(guard.hear(report(State::guarded), at(0)));
    CHECK(guard.sentence(at(14)) == "guarded and watched, since " + to_text(at(0).wall));
    CHECK_FALSE(guard.hear(report(State::guarded), at(5)));
    CHECK(says(guard.sentence(at(6)), to_text(at(0).wall)));  // a report again begins nothing anew
    CHECK_FALSE(guard.warning(at(6)));
}

TEST_CASE("a gap is told when it is seen and when it is over, with what came in", "[posternd]") {
    Guard guard;
    (void)guard.hear(report(State::guarded), at(0));
    const auto gap = guard.hear(report(State::unguarded, "table postern is gone", 3000), at(10));
    REQUIRE(gap);
    CHECK(gap->type == log::EventType::engine);
    CHECK(gap->what == log::What::unguarded);
    CHECK(gap->text == "table postern is gone");
    CHECK(guard.sentence(at(11)) == "UNGUARDED since " + to_text(at(7).wall) + ": table postern is gone");
    CHECK(guard.warning(at(11)) == "the rules do not stand: table postern is gone");
    CHECK_FALSE(guard.hear(report(State::unguarded, "chain gate is gone", 4000), at(11)));
    CHECK(says(guard.sentence(at(12)), to_text(at(7).wall)));  // the gap is the same one
    CHECK(guard.warning(at(12)) == "the rules do not stand: chain gate is gone");
    const auto over = guard.hear(report(State::guarded, "", 4250, 2), at(12));
    REQUIRE(over);
    CHECK(over->what == log::What::guarded);
    CHECK(over->text == "unguarded for at most 4.2 s; connections ended that came in: 2");
    CHECK(over->count == 2);
    CHECK(guard.sentence(at(12)) == "guarded and watched, since " + to_text(at(12).wall));
    CHECK_FALSE(guard.warning(at(12)));
}

TEST_CASE("unguarded is news also where nobody told before", "[posternd]") {
    Guard guard;
    const auto gap = guard.hear(report(State::unguarded, "nothing there", 500), at(0));
    REQUIRE(gap);
    CHECK(gap->what == log::What::unguarded);
}

TEST_CASE("rules that are taken out on purpose are told as open", "[posternd]") {
    Guard guard;
    (void)guard.hear(report(State::guarded), at(0));
    const auto open = guard.hear(report(State::open, "", 9'000), at(20));
    REQUIRE(open);
    CHECK(open->what == log::What::unguarded);
    CHECK(open->text == "no rules are meant to stand");
    CHECK(says(guard.sentence(at(21)), "the gateway is open"));
    CHECK(guard.warning(at(21)) == "the rules do not stand: none are meant to");
    CHECK(guard.hear(report(State::guarded), at(22))->what == log::What::guarded);
}

TEST_CASE("where the watch falls silent nothing is claimed any more", "[posternd]") {
    Guard guard;
    (void)guard.hear(report(State::unguarded, "gone"), at(0));
    CHECK(says(guard.sentence(at(14)), "UNGUARDED"));
    CHECK(says(guard.sentence(at(15)), "not watched"));
    CHECK_FALSE(guard.warning(at(15)));
    CHECK_FALSE(guard.hear(report(State::unguarded, "gone"), at(30)));  // the same state as last told
    CHECK(says(guard.sentence(at(30)), "UNGUARDED"));
}

TEST_CASE("an absurd time of a gap is cut to a day", "[posternd]") {
    Guard guard;
    (void)guard.hear(report(State::guarded), at(0));
    (void)guard.hear(report(State::unguarded, "gone", ~std::uint64_t{0}), at(0));
    CHECK(says(guard.sentence(at(1)), to_text(at(-86'400).wall)));
}
