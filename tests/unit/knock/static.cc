// The static scheme: order, repeats, every strictness, the deadline, several sequences at once, a full table.
#include <array>

#include "catch.h"
#include "unit/knock/sample.h"

using namespace postern;
using namespace postern::knock;
using namespace postern::test;

namespace {

const std::vector<std::string> office{"tcp/7000", "udp/8000", "icmp/echo-request", "tcp/7500"};

Sequence with_tolerance(std::uint8_t wrong) {
    Sequence made = sequence(office);
    made.tolerated = wrong;
    return made;
}

}  // namespace

TEST_CASE("the steps in their order complete a sequence, and leave nothing behind", "[knock]") {
    Door door{{sequence(office)}};
    CHECK(door.hit(office[0]) == What::step);
    CHECK(door.size() == 1);
    CHECK(door.hit(office[1]) == What::step);
    CHECK(door.judge(hit(office[2])).stage == 3);
    const Outcome last = door.judge(hit(office[3]));
    CHECK(last.what == What::complete);
    CHECK(last.stage == 4);
    CHECK(last.sequence->id == SequenceId{ClientId{1}, Part::opening});
    CHECK(door.size() == 0);
    CHECK(door.hit(office[3]) == What::nothing);
}

TEST_CASE("the sources are apart", "[knock]") {
    Door door{{sequence(office)}};
    CHECK(door.walk({office[0], office[1]}, 1) == What::step);
    CHECK(door.walk({office[2], office[3]}, 2) == What::nothing);
    CHECK(door.walk({office[2], office[3]}, 1) == What::complete);
}

TEST_CASE("a later step without the first is nothing", "[knock]") {
    Door door{{sequence(office)}};
    for (std::size_t i = 1; i < office.size(); ++i) CHECK(door.hit(office[i]) == What::nothing);
    CHECK(door.size() == 0);
}

TEST_CASE("repeats of steps taken cost nothing, however many, whatever the strictness", "[knock]") {
    for (const std::uint8_t tolerated : {std::uint8_t{0}, std::uint8_t{3}, all_tolerated}) {
        Door door{{with_tolerance(tolerated)}};
        for (std::size_t i = 0; i + 1 < office.size(); ++i) {
            CHECK(door.hit(office[i]) == What::step);
            for (int again = 0; again < 20; ++again)
                for (std::size_t j = 0; j <= i; ++j) CHECK(door.hit(office[j]) == What::repeated);
        }
        CHECK(door.hit(office.back()) == What::complete);
    }
}

TEST_CASE("tolerate(k): k wrong packets change nothing, one more voids the attempt", "[knock]") {
    for (const std::uint8_t k : std::to_array<std::uint8_t>({1, 3, 16})) {
        Door door{{with_tolerance(k)}};
        REQUIRE(door.walk({office[0], office[1], office[2]}) == What::step);
        for (int i = 0; i < k; ++i) CHECK(door.hit("tcp/9") == What::wrong);
        CHECK(door.hit(office[3]) == What::complete);

        REQUIRE(door.walk({office[0], office[1], office[2]}) == What::step);
        for (int i = 0; i < k; ++i) CHECK(door.hit("udp/9") == What::wrong);
        CHECK(door.hit("udp/9") == What::reset);
        CHECK(door.size() == 0);
        CHECK(door.hit(office[3]) == What::nothing);
        CHECK(door.walk(office) == What::complete);
    }
}

TEST_CASE("reset: the first wrong packet voids the attempt", "[knock]") {
    Door door{{with_tolerance(0)}};
    REQUIRE(door.walk({office[0], office[1], office[2]}) == What::step);
    CHECK(door.hit("tcp/9") == What::reset);
    CHECK(door.hit(office[3]) == What::nothing);
}

TEST_CASE("ignore: wrong packets never void the attempt", "[knock]") {
    Door door{{with_tolerance(all_tolerated)}};
    REQUIRE(door.hit(office[0]) == What::step);
    for (int i = 0; i < 1000; ++i) CHECK(door.hit("tcp/9") == What::wrong);
    CHECK(door.walk({office[1], office[2], office[3]}) == What::complete);
}

TEST_CASE("a step that comes early is wrong and not remembered; all of it sent again completes", "[knock]") {
    Door door{{sequence(office)}};
    REQUIRE(door.hit(office[0]) == What::step);
    CHECK(door.hit(office[2]) == What::wrong);
    CHECK(door.hit(office[1]) == What::step);
    CHECK(door.hit(office[3]) == What::wrong);
    CHECK(door.hit(office[0]) == What::repeated);
    CHECK(door.hit(office[1]) == What::repeated);
    CHECK(door.hit(office[2]) == What::step);
    CHECK(door.hit(office[3]) == What::complete);
}

TEST_CASE("the deadline counts from the first step, and repeats do not move it", "[knock]") {
    Door door{{sequence(office)}};
    REQUIRE(door.walk({office[0], office[1]}) == What::step);
    door.pass(9s);
    CHECK(door.hit(office[0]) == What::repeated);
    CHECK(door.hit(office[2]) == What::step);
    door.pass(1s - 1ns);
    CHECK(door.hit(office[3]) == What::complete);

    REQUIRE(door.walk({office[0], office[1], office[2]}) == What::step);
    door.pass(10s);
    CHECK(door.hit(office[3]) == What::late);
    CHECK(door.hit(office[3]) == What::nothing);
    CHECK(door.size() == 0);
}

TEST_CASE("behind the deadline a first step begins anew", "[knock]") {
    Door door{{sequence(office)}};
    REQUIRE(door.walk({office[0], office[1]}) == What::step);
    door.pass(10s);
    CHECK(door.hit(office[0]) == What::step);
    CHECK(door.walk({office[1], office[2], office[3]}) == What::complete);
}

TEST_CASE("the sweep forgets what is over and nothing else", "[knock]") {
    Door door{{sequence(office)}};
    REQUIRE(door.hit(office[0], 1) == What::step);
    door.pass(5s);
    REQUIRE(door.hit(office[0], 2) == What::step);
    door.pass(5s);
    door.sweep();
    CHECK(door.size() == 1);
    CHECK(door.walk({office[1], office[2], office[3]}, 2) == What::complete);
}

TEST_CASE("a packet that one sequence takes is wrong for no other", "[knock]") {
    Sequence strict = sequence({"tcp/1", "tcp/2", "tcp/3"}, 1), other = sequence({"tcp/1", "udp/5", "tcp/6"}, 2);
    strict.tolerated = other.tolerated = 0;
    Door door{{strict, other}};
    CHECK(door.walk({"tcp/1", "udp/5", "tcp/2", "tcp/6"}) == What::complete);
    CHECK(door.hit("tcp/3") == What::complete);
}

TEST_CASE("a packet completes one sequence; the next like it completes the other", "[knock]") {
    Door door{{sequence({"tcp/1", "tcp/9"}, 1), sequence({"tcp/2", "tcp/9"}, 2)}};
    REQUIRE(door.walk({"tcp/1", "tcp/2"}) == What::step);
    const Outcome first = door.judge(hit("tcp/9")), second = door.judge(hit("tcp/9"));
    CHECK(first.what == What::complete);
    CHECK(second.what == What::complete);
    CHECK(first.sequence != second.sequence);
    CHECK(door.hit("tcp/9") == What::nothing);
}

TEST_CASE("a source is in four sequences at most", "[knock]") {
    std::vector<Sequence> five;
    for (std::uint16_t i = 1; i <= 5; ++i) five.push_back(sequence({"tcp/" + std::to_string(i), "tcp/99"}, i));
    Door door{five};
    CHECK(door.walk({"tcp/1", "tcp/2", "tcp/3", "tcp/4"}) == What::step);
    CHECK(door.hit("tcp/5") == What::full);
    CHECK(door.hit("tcp/99") == What::complete);
    CHECK(door.hit("tcp/5") == What::step);
    door.pass(10s);
    CHECK(door.walk({"tcp/1", "tcp/2", "tcp/3", "tcp/4"}) == What::step);
}

TEST_CASE("a full table refuses newcomers and forgets nobody who came further than a first step", "[knock]") {
    Door door{{sequence(office)}, 8};
    for (std::uint8_t source = 1; source <= 8; ++source) REQUIRE(door.hit(office[0], source) == What::step);
    REQUIRE(door.hit(office[1], 1) == What::step);
    CHECK(door.hit(office[0], 9) == What::full);
    CHECK(door.hit(office[1], 2) == What::step);

    door.pass(1s - 1ns);
    CHECK(door.hit(office[0], 10) == What::full);
    door.pass(100ms);  // a second with a first step alone is enough, where others wait
    CHECK(door.hit(office[0], 11) == What::step);
    CHECK(door.size() == 3);
    for (const std::uint8_t source : std::to_array<std::uint8_t>({1, 2}))
        CHECK(door.walk({office[2], office[3]}, source) == What::complete);
    CHECK(door.hit(office[1], 3) == What::nothing);
}

TEST_CASE("a first step waits as long as the deadline where there is room", "[knock]") {
    Door door{{sequence(office)}, 8};
    REQUIRE(door.hit(office[0]) == What::step);
    door.pass(9s);
    REQUIRE(door.hit(office[0], 2) == What::step);
    CHECK(door.walk({office[1], office[2], office[3]}) == What::complete);
}

TEST_CASE("a book that no longer has the sequence forgets it", "[knock]") {
    const Book before{{sequence(office)}}, after{{sequence({"tcp/1", "tcp/2"}, 2)}};
    Progress progress{8, KeyedHash{{1, 2}}};
    const SteadyTime now{1h};
    REQUIRE(judge(before, Live{}, progress, hit(office[0]), now).what == What::step);
    CHECK(judge(after, Live{}, progress, hit(office[1]), now).what == What::nothing);
    CHECK(progress.size() == 0);
}
