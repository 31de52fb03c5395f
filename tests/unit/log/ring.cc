// The ring keeps order, refuses when full, counts what it refused, and loses nothing between two threads.
#include "log/ring.h"

#include <thread>

#include "catch.h"

using namespace postern::log;

namespace {

Event numbered(std::uint64_t number) {
    Event event;
    event.count = number;
    event.text = std::string(40, 'x');  // too long to lie inside of the string object
    return event;
}

}  // namespace

TEST_CASE("events leave the ring in the order in which they came", "[log]") {
    Ring ring{3};
    CHECK(ring.capacity() == 4);
    CHECK_FALSE(ring.pop());
    for (std::uint64_t round = 0; round < 10; ++round) {
        for (std::uint64_t i = 0; i < 4; ++i) REQUIRE(ring.push(numbered(4 * round + i)));
        for (std::uint64_t i = 0; i < 4; ++i) CHECK(ring.pop()->count == 4 * round + i);
    }
    CHECK(ring.lost() == 0);
}

TEST_CASE("a full ring refuses the newest, leaves it untouched and counts it", "[log]") {
    Ring ring{2};
    REQUIRE(ring.push(numbered(1)));
    REQUIRE(ring.push(numbered(2)));
    Event third = numbered(3);
    CHECK_FALSE(ring.push(std::move(third)));
    CHECK(third.text.size() == 40);
    CHECK(ring.lost() == 1);
    CHECK(ring.pop()->count == 1);
    CHECK(ring.push(std::move(third)));
    CHECK(ring.pop()->count == 2);
    CHECK(ring.pop()->count == 3);
}

TEST_CASE("what a policy names outlives the policy's owner while it waits in the ring", "[log]") {
    auto policy = std::make_shared<const postern::Policy>();
    Ring ring{2};
    Event event = numbered(1);
    event.policy = policy;
    REQUIRE(ring.push(std::move(event)));
    CHECK(policy.use_count() == 2);
    CHECK(ring.pop()->policy == policy);
    CHECK(policy.use_count() == 1);  // the slot holds nothing back
}

TEST_CASE("between two threads every event arrives once and in order, or is counted as lost", "[log]") {
    constexpr std::uint64_t total = 200000;
    Ring ring{64};
    std::thread producer{[&] {
        for (std::uint64_t i = 1; i <= total; ++i) (void)ring.push(numbered(i));
    }};
    std::uint64_t arrived = 0, last = 0;
    bool in_order = true, whole = true;
    while (arrived + ring.lost() < total) {
        const auto event = ring.pop();
        if (!event) continue;
        in_order = in_order && event->count > last;
        whole = whole && event->text.size() == 40;
        last = event->count;
        ++arrived;
    }
    producer.join();
    CHECK(in_order);
    CHECK(whole);
    CHECK_FALSE(ring.pop());
    CHECK(arrived + ring.lost() == total);
}
