// What a complete knock is worth: one flow for the service it opens, under a name of its own; and how it ends.
#include <atomic>
#include <thread>

#include "catch.h"
#include "gate/inventory.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> steps{"tcp/7000", "udp/8000", "icmp/echo-request"}, closing{"tcp/9002", "tcp/7002"};

struct Office : World {
    explicit Office(TableSizes sizes = {4, 1024, 1024}) : World{{}, sizes} {
        Policy policy = draft();
        policy.knocks = {knock("office", steps, "ssh", closing)};
        use(std::move(policy));
    }
    Decision walk(const std::vector<std::string>& sequence, const IpAddress& from) {
        Decision decision;
        for (const std::string& step : sequence) {
            decision = judge(hit(step, from));
            CHECK(decision.verdict == Verdict::drop);
        }
        return decision;
    }
    Decision connect(const IpAddress& from, std::uint16_t port = 6000, std::uint32_t sequence = 1) {
        return judge(syn(from, port, ssh_port, sequence));
    }
    [[nodiscard]] ClientId office() const { return policy().knocks.front().identity.id; }
};

}  // namespace

TEST_CASE("a knock lets one flow in to its service, from its source, any port", "[gate]") {
    for (const bool v6 : {false, true}) {
        Office world;
        const IpAddress source = v6 ? world.home6 : world.home;
        const Decision opened = world.walk(steps, source);
        CHECK(opened.reason == Reason::knock_opened);
        CHECK(opened.client == world.office());
        CHECK(world.policy().client(opened.client)->name == "office");
        CHECK(opened.stage == 3);
        CHECK(opened.service == world.policy().services[0].id);

        CHECK(world.connect(world.elsewhere).reason == Reason::no_grant);
        CHECK(world.judge(world.syn(source, 6000, World::web_port)).reason == Reason::no_grant);
        const Decision first = world.connect(source);
        CHECK(first.verdict == Verdict::accept);
        CHECK(first.reason == Reason::grant_active);
        CHECK(first.client == world.office());
        CHECK(first.grant == opened.grant);
        CHECK(world.connect(source).reason == Reason::flow_again);
        CHECK(world.connect(source, 6001).reason == Reason::grant_used);
    }
}

TEST_CASE("each packet of a knock has its reason", "[gate]") {
    Office world;
    const auto reason = [&](const std::string& step) { return world.judge(world.hit(step, world.home)).reason; };
    CHECK(reason("udp/8000") == Reason::no_service);
    CHECK(reason("tcp/7000") == Reason::knock_step);
    CHECK(reason("tcp/7000") == Reason::knock_repeated);
    CHECK(reason("tcp/7001") == Reason::knock_wrong);
    for (int i = 0; i < 2; ++i) CHECK(reason("tcp/7001") == Reason::knock_wrong);
    CHECK(reason("tcp/7001") == Reason::knock_reset);
    CHECK(reason("udp/8000") == Reason::no_service);
    CHECK(reason("tcp/7000") == Reason::knock_step);
    world.pass(10s);
    CHECK(reason("udp/8000") == Reason::knock_late);
    CHECK(reason("tcp/9002") == Reason::knock_step);
    CHECK(reason("tcp/7002") == Reason::knock_closed);
}

TEST_CASE("packets for a service, for SPA or for another host touch no sequence", "[gate]") {
    Office world;
    Policy policy = world.draft();
    policy.knocks[0].opening.tolerated = 0;
    world.use(std::move(policy));
    REQUIRE(world.walk({"tcp/7000", "udp/8000"}, world.home).reason == Reason::knock_step);
    CHECK(world.connect(world.home).reason == Reason::no_grant);
    CHECK(world.deliver(std::vector<std::uint8_t>(10), world.home).reason == Reason::spa_length);
    PacketView passing = world.hit("tcp/7001", world.home);
    passing.local = false;
    CHECK(world.judge(passing).reason == Reason::no_service);
    CHECK(world.judge(world.hit("icmp/echo-request", world.home)).reason == Reason::knock_opened);
}

TEST_CASE("a step to another host is none", "[gate]") {
    Office world;
    PacketView passing = world.hit("tcp/7000", world.home);
    passing.local = false;
    CHECK(world.judge(passing).reason == Reason::no_service);
    CHECK(world.walk({"udp/8000", "icmp/echo-request"}, world.home).reason == Reason::no_service);
}

TEST_CASE("the grant of a knock lasts its window", "[gate]") {
    Office world;
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    world.pass(15s);
    CHECK(world.connect(world.home).reason == Reason::grant_expired);
    CHECK(sweep(world.now(), world.policy(), world.tables()).size() == 1);
}

TEST_CASE("knocking twice admits one flow, knocking again behind it another", "[gate]") {
    Office world;
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    world.pass(5s);
    const Decision again = world.walk(steps, world.home);
    REQUIRE(again.reason == Reason::knock_opened);
    world.pass(14s);
    CHECK(world.connect(world.home, 6000).grant == again.grant);
    CHECK(world.connect(world.home, 6001).verdict == Verdict::drop);
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    CHECK(world.connect(world.home, 6001).verdict == Verdict::accept);
}

TEST_CASE("however many threads walk one source's sequence, it has one unused grant", "[gate]") {
    Office world;
    for (int round = 0; round < 50; ++round) {
        std::atomic<int> completed = 0;
        std::atomic<bool> go = false;
        const auto race = [&] {
            spa::Opener bench{world.policy().gateway.name, world.policy().gateway.keys, world.policy().gateway.skew};
            while (!go) std::this_thread::yield();
            for (int i = 0; i < 8; ++i)
                for (const std::string& step : steps)
                    completed += world.judge(world.hit(step, world.home), bench).reason == Reason::knock_opened;
        };
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back(race);
        go = true;
        threads.clear();
        REQUIRE(completed > 0);
        int accepted = 0;
        for (std::uint16_t port = 5000; port < 5010; ++port)
            accepted += world.connect(world.home, port, static_cast<std::uint32_t>(round)).verdict == Verdict::accept;
        REQUIRE(accepted == 1);
        world.pass(15s);
    }
}

TEST_CASE("a closing knock ends the grants and flows of its knock and source, and no others", "[gate]") {
    Office world;
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    REQUIRE(world.connect(world.home).verdict == Verdict::accept);
    REQUIRE(world.walk(steps, world.elsewhere).reason == Reason::knock_opened);
    REQUIRE(world.connect(world.elsewhere).verdict == Verdict::accept);
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.connect(world.home, 6001).verdict == Verdict::accept);
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);

    const Decision closed = world.walk(closing, world.home);
    CHECK(closed.reason == Reason::knock_closed);
    CHECK(closed.client == world.office());
    CHECK(closed.ends_flows);
    CHECK(world.connect(world.home).reason == Reason::flow_revoked);
    CHECK(world.connect(world.home, 6002).verdict == Verdict::drop);
    CHECK(world.connect(world.home, 6001).reason == Reason::flow_again);
    CHECK(world.connect(world.elsewhere).reason == Reason::flow_again);
    CHECK_FALSE(world.walk(closing, world.home).ends_flows);
}

TEST_CASE("a knock that left the policy, or has other steps, opens nothing and its grants are withdrawn", "[gate]") {
    Office world;
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    REQUIRE(world.walk({"tcp/7000", "udp/8000"}, world.elsewhere).reason == Reason::knock_step);
    Policy policy = world.draft();
    policy.knocks = {world.knock("office", {"tcp/7000", "udp/8000", "tcp/7500"}, "ssh")};
    world.use(std::move(policy));
    CHECK(world.connect(world.home).reason == Reason::grant_withdrawn);
    CHECK(world.judge(world.hit("icmp/echo-request", world.elsewhere)).reason == Reason::no_service);
}

TEST_CASE("a reload that keeps a knock keeps what was knocked and granted", "[gate]") {
    Office world;
    REQUIRE(world.walk(steps, world.home).reason == Reason::knock_opened);
    REQUIRE(world.walk({"tcp/7000", "udp/8000"}, world.elsewhere).reason == Reason::knock_step);
    Policy policy = world.draft();
    policy.knocks.insert(policy.knocks.begin(), world.knock("night", {"tcp/1", "tcp/2"}, "web"));
    world.use(std::move(policy));
    CHECK(world.connect(world.home).verdict == Verdict::accept);
    CHECK(world.judge(world.hit("icmp/echo-request", world.elsewhere)).reason == Reason::knock_opened);
}

TEST_CASE("a knock's grants are counted: live ones of all sources have a limit, and it is said", "[gate]") {
    Office world;
    IpAddress source = world.home;
    for (std::size_t i = 0; i < attempts_per_client; ++i) {
        source.octets[3] = static_cast<std::uint8_t>(i);
        REQUIRE(world.walk(steps, source).reason == Reason::knock_opened);
    }
    CHECK(world.walk(steps, world.elsewhere).reason == Reason::attempts_full);
    world.pass(15s);
    CHECK(world.walk(steps, world.elsewhere).reason == Reason::knock_opened);
}

TEST_CASE("a full table of knockers is said, and sweep empties it", "[gate]") {
    TableSizes sizes{1, 64, 64};
    sizes.knocking = 4;
    Office world{sizes};
    IpAddress source = world.home;
    for (std::uint8_t i = 1; i <= 4; ++i) {
        source.octets[3] = i;
        REQUIRE(world.judge(world.hit("tcp/7000", source)).reason == Reason::knock_step);
    }
    CHECK(world.judge(world.hit("tcp/7000", world.elsewhere)).reason == Reason::knock_full);
    CHECK(fill_of(world.tables()).knocking == 4);
    world.pass(10s);
    (void)sweep(world.now(), world.policy(), world.tables());
    CHECK(fill_of(world.tables()).knocking == 0);
}

TEST_CASE("a policy lists every step once, for the rules", "[gate]") {
    Office world;
    Policy policy = world.draft();
    policy.knocks.push_back(world.knock("night", {"udp/8000", "tcp/1"}, "web"));
    world.use(std::move(policy));
    std::vector<std::string> texts;
    for (const knock::Step& step : world.policy().knock_steps()) texts.push_back(knock::to_text(step));
    std::ranges::sort(texts);
    CHECK(texts ==
          std::vector<std::string>{"icmp/echo-request", "tcp/1", "tcp/7000", "tcp/7002", "tcp/9002", "udp/8000"});
}
