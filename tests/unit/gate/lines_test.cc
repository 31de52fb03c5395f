// One-time lists at the gate: each line lets one flow in once, whatever list it stands in later.
#include <atomic>
#include <thread>

#include "catch.h"
#include "gate/inventory.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

Texts joined(Texts first, const Texts& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

struct Listed : World {
    explicit Listed(const Texts& lines = some_lines(12)) { give(lines); }

    void give(const Texts& lines, std::uint8_t look_ahead = 5) {
        Policy policy = draft();
        policy.knocks = {listed_knock("door", lines, "ssh", look_ahead)};
        use(std::move(policy));
    }
    Reason line(int n) { return knock_line(some_lines(1, n).front(), home); }
    Decision connect(std::uint16_t port = 6000) { return judge(syn(home, port)); }
    [[nodiscard]] ClientId door() const { return policy().knocks.front().identity.id; }
    [[nodiscard]] knock::LineCounter::Position position() { return tables().client(door()).lines.position(); }

    // Which of the first lines still open; uses them up.
    std::vector<int> that_open(int count) {
        std::vector<int> open;
        for (int n = 0; n < count; ++n)
            if (line(n) == Reason::knock_opened) open.push_back(n);
        return open;
    }
};

}  // namespace

TEST_CASE("lines open in their order, each once, each for one flow", "[gate]") {
    Listed world;
    for (int n = 0; n < 12; ++n) {
        REQUIRE(world.line(n) == Reason::knock_opened);
        CHECK(world.connect(static_cast<std::uint16_t>(6000 + n)).reason == Reason::grant_active);
        CHECK(world.line(n) == Reason::no_service);
        CHECK(world.connect(5999).verdict == Verdict::drop);
    }
    CHECK(world.tables().lines().with([](const LineMemory& lines) { return lines.left(); })[0].left == 0);
}

TEST_CASE("a captured line opens nothing, from wherever it comes", "[gate]") {
    Listed world;
    REQUIRE(world.line(0) == Reason::knock_opened);
    for (int again = 0; again < 3; ++again)
        CHECK(world.knock_line(some_lines(1).front(), world.elsewhere) == Reason::no_service);
}

TEST_CASE("what lies in the window can be used, and makes void what it skips", "[gate]") {
    Listed world;
    CHECK(world.line(5) == Reason::no_service);
    REQUIRE(world.line(4) == Reason::knock_opened);
    for (int n = 0; n < 4; ++n) CHECK(world.line(n) == Reason::no_service);
    CHECK(world.line(10) == Reason::no_service);
    CHECK(world.line(9) == Reason::knock_opened);
}

TEST_CASE("with a window of one line only the next one opens", "[gate]") {
    Listed world;
    world.give(some_lines(12), 1);
    CHECK(world.line(1) == Reason::no_service);
    CHECK(world.line(0) == Reason::knock_opened);
    CHECK(world.line(1) == Reason::knock_opened);
}

TEST_CASE("who is in the middle of a line that becomes void begins anew", "[gate]") {
    Listed world;
    const auto steps = World::steps_of(some_lines(1).front());
    for (std::size_t i = 0; i + 1 < steps.size(); ++i)
        REQUIRE(world.judge(world.hit(knock::to_text(steps[i]), world.elsewhere)).reason == Reason::knock_step);
    REQUIRE(world.line(1) == Reason::knock_opened);
    CHECK(world.judge(world.hit(knock::to_text(steps.back()), world.elsewhere)).reason == Reason::knock_spent);
    CHECK(world.judge(world.hit(knock::to_text(steps.back()), world.elsewhere)).reason == Reason::no_service);
    CHECK(world.knock_line(some_lines(1, 2).front(), world.elsewhere) == Reason::knock_opened);
}

TEST_CASE("attempts that were lost on their way keep nobody from the next line", "[gate]") {
    Listed world;
    for (int n = 0; n < 4; ++n) {
        const auto first = World::steps_of(some_lines(1, n).front()).front();
        REQUIRE(world.judge(world.hit(knock::to_text(first), world.home)).reason == Reason::knock_step);
    }
    CHECK(world.line(4) == Reason::knock_opened);
}

TEST_CASE("however many threads complete a line, one gets in", "[gate]") {
    Listed world{some_lines(40)};
    for (int n = 0; n < 40; ++n) {
        std::atomic<int> opened = 0, other = 0;
        std::atomic<bool> go = false;
        const auto race = [&](int number) {
            spa::Opener bench{world.policy().gateway.name, world.policy().gateway.keys, world.policy().gateway.skew};
            IpAddress source = world.home;
            source.octets[3] = static_cast<std::uint8_t>(number);
            while (!go) std::this_thread::yield();
            for (const knock::Step& step : World::steps_of(some_lines(1, n).front())) {
                const Reason reason = world.judge(world.hit(knock::to_text(step), source), bench).reason;
                opened += reason == Reason::knock_opened;
                other += reason != Reason::knock_opened && reason != Reason::knock_step &&
                         reason != Reason::knock_spent && reason != Reason::no_service;
            }
        };
        {
            std::vector<std::jthread> threads;
            for (int i = 1; i <= 4; ++i) threads.emplace_back(race, i);
            go = true;
        }
        REQUIRE(opened == 1);
        REQUIRE(other == 0);
        world.pass(15s);
    }
}

TEST_CASE("more lines keep what was let in, what was granted and where the list is", "[gate]") {
    Listed world;
    REQUIRE(world.line(0) == Reason::knock_opened);
    REQUIRE(world.connect().verdict == Verdict::accept);
    REQUIRE(world.line(1) == Reason::knock_opened);
    const ClientId before = world.door();
    world.give(some_lines(20));
    CHECK(world.door() == before);
    CHECK(world.connect().reason == Reason::flow_again);
    CHECK(world.connect(6001).reason == Reason::grant_active);
    CHECK(world.that_open(20) == std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
}

TEST_CASE("a changed list begins behind its last line that was used or made void", "[gate]") {
    const auto used_three = [](Listed& world) {
        REQUIRE(world.line(0) == Reason::knock_opened);
        REQUIRE(world.line(2) == Reason::knock_opened);
    };
    {
        Listed world;  // those in use are taken out
        used_three(world);
        world.give(some_lines(9, 3));
        CHECK(world.position().next == 0);
        CHECK(world.line(3) == Reason::knock_opened);
    }
    {
        Listed world;  // others in front
        used_three(world);
        world.give(joined(some_lines(2, 30), some_lines(12)));
        CHECK(world.position().next == 5);
        CHECK(world.that_open(12) == std::vector<int>{3, 4, 5, 6, 7, 8, 9, 10, 11});
    }
    {
        Listed world;  // in reverse: a used one comes last
        used_three(world);
        Texts lines = some_lines(12);
        std::ranges::reverse(lines);
        world.give(lines);
        CHECK(world.position().next == 12);
        CHECK(world.that_open(12).empty());
    }
    {
        Listed world;  // shortened to what is used, then whole again
        used_three(world);
        world.give(some_lines(2));
        CHECK(world.that_open(12).empty());
        world.give(some_lines(12));
        CHECK(world.that_open(12) == std::vector<int>{3, 4, 5, 6, 7, 8, 9, 10, 11});
    }
    {
        Listed world;  // another list meanwhile, and back
        used_three(world);
        world.give(some_lines(3, 50));
        REQUIRE(world.line(50) == Reason::knock_opened);
        world.give(some_lines(12));
        CHECK(world.that_open(12) == std::vector<int>{3, 4, 5, 6, 7, 8, 9, 10, 11});
    }
}

TEST_CASE("a line that was used is good for no other knock, and not behind one that was gone", "[gate]") {
    Listed world;
    REQUIRE(world.line(1) == Reason::knock_opened);
    Policy policy = world.draft();
    policy.knocks = {world.listed_knock("gate", some_lines(12))};
    world.use(std::move(policy));
    CHECK(world.that_open(3) == std::vector<int>{2});
    Policy nothing = world.draft();
    nothing.knocks.clear();
    world.use(std::move(nothing));
    CHECK(world.line(3) == Reason::no_service);
    world.give(some_lines(12));
    CHECK(world.that_open(5) == std::vector<int>{3, 4});
}

TEST_CASE("who still judges by the policy before takes nothing of a list that has changed", "[gate]") {
    Listed world;
    const auto before = world.shared_policy();
    spa::Opener bench{before->gateway.name, before->gateway.keys, before->gateway.skew};
    const auto by_the_one_before = [&](int n) {
        Reason reason{};
        for (const knock::Step& step : World::steps_of(some_lines(1, n).front()))
            reason =
                decide(world.hit(knock::to_text(step), world.elsewhere), world.now(), *before, world.tables(), bench)
                    .reason;
        return reason;
    };
    world.give(some_lines(12), 3);  // the same lines
    REQUIRE(by_the_one_before(4) == Reason::knock_opened);
    world.give(some_lines(13));
    for (int n = 0; n < 12; ++n) CHECK(by_the_one_before(n) == Reason::no_service);
    CHECK(world.line(5) == Reason::knock_opened);
}

TEST_CASE("what was used before this process is not good in it", "[gate]") {
    ReplayMemory memory;
    memory.lines.insert(noise::sha256({as_bytes(some_lines(1, 3).front())}));
    World bare{memory};
    Policy policy = bare.draft();
    policy.knocks = {bare.listed_knock("door", some_lines(6))};
    bare.use(std::move(policy));
    for (int n = 0; n < 4; ++n) CHECK(bare.knock_line(some_lines(1, n).front(), bare.home) == Reason::no_service);
    CHECK(bare.knock_line(some_lines(1, 4).front(), bare.home) == Reason::knock_opened);
    CHECK(bare.tables().replay_memory(Used::surely).lines.size() == 5);
}

TEST_CASE("held lines are taken when they are reserved, and the disk is asked two ahead", "[gate]") {
    Listed world;
    auto& lines = world.tables().lines();
    const auto reserve = [&] {
        const auto ahead = lines.with([](const LineMemory& memory) { return memory.ahead(); });
        std::size_t count = 0;
        for (const LinesAhead& each : ahead) {
            count += each.digests.size();
            lines.with([&](LineMemory& memory) { memory.reserve(each); });
        }
        return count;
    };
    lines.with([](LineMemory& memory) { memory.hold(); });
    CHECK(world.line(0) == Reason::knock_not_durable);
    CHECK(reserve() == 3);
    CHECK(reserve() == 0);
    CHECK(world.line(0) == Reason::no_service);
    CHECK(world.line(1) == Reason::knock_opened);
    CHECK(world.line(3) == Reason::knock_not_durable);
    CHECK(reserve() == 3);
    CHECK(world.line(4) == Reason::knock_opened);
    CHECK(world.tables().replay_memory(Used::surely).lines.size() == 5);
    CHECK(reserve() == 1);
    CHECK(world.tables().replay_memory().lines.size() == 7);

    world.give(some_lines(20));  // what the disk has stays reserved
    CHECK((world.position().next == 5 && world.position().reserved == 7));
    CHECK(world.line(5) == Reason::knock_opened);
    world.give(some_lines(3, 80));
    CHECK((world.position().next == 0 && world.position().reserved == 0));
    CHECK(reserve() == 2);
}

TEST_CASE("a list's closing sequence ends what its lines let in", "[gate]") {
    Listed world;
    Policy policy = world.draft();
    policy.knocks[0].closing = world.knock("x", {"tcp/9002", "tcp/7002"}, "ssh").opening;
    world.use(std::move(policy));
    REQUIRE(world.line(0) == Reason::knock_opened);
    REQUIRE(world.connect().verdict == Verdict::accept);
    CHECK(world.judge(world.hit("tcp/9002", world.home)).reason == Reason::knock_step);
    CHECK(world.judge(world.hit("tcp/7002", world.home)).reason == Reason::knock_closed);
    CHECK(world.connect().reason == Reason::flow_revoked);
}
