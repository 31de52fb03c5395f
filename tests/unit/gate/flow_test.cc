// One authorization, one flow: what a grant lets in and what it does not.
#include <thread>

#include "catch.h"
#include "gate/inventory.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

TEST_CASE("a default decision drops", "[gate]") { CHECK(Decision{}.verdict == Verdict::drop); }

TEST_CASE("without a grant nothing is let in", "[gate]") {
    World world;
    const Decision decision = world.judge(world.syn(world.home, 5000));
    CHECK(decision.verdict == Verdict::drop);
    CHECK(decision.reason == Reason::no_grant);
}

TEST_CASE("an SPA lets exactly one flow in, and its repeats", "[gate]") {
    World world;
    const Decision opened = world.open(world.alice, "ssh", world.home);
    CHECK(opened.verdict == Verdict::drop);
    REQUIRE(opened.reason == Reason::spa_accepted);

    const Decision first = world.judge(world.syn(world.home, 5000));
    CHECK(first.verdict == Verdict::accept);
    CHECK(first.reason == Reason::grant_active);
    CHECK(first.grant == opened.grant);

    const Decision again = world.judge(world.syn(world.home, 5000));
    CHECK(again.reason == Reason::flow_again);
    CHECK(again.grant == opened.grant);
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::grant_used);
    const Decision other_sequence = world.judge(world.syn(world.home, 5000, World::ssh_port, 2000));
    CHECK(other_sequence.verdict == Verdict::drop);
    CHECK(other_sequence.reason == Reason::grant_used);
}

TEST_CASE("a grant is for one source, one service and one window", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.elsewhere, 5000)).reason == Reason::no_grant);
    CHECK(world.judge(world.syn(world.home, 5000, World::web_port)).reason == Reason::no_grant);
    CHECK(world.judge(world.syn(world.home, 5000, 23)).reason == Reason::no_service);
    world.pass(15s);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_expired);
}

TEST_CASE("the last instant of the window still opens", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    world.pass(15s - 1ns);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
}

TEST_CASE("a client may ask for a shorter window and not for a longer one", "[gate]") {
    World world;
    auto claims = world.claims("ssh", world.home);
    claims.window = 5s;
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    world.pass(5s);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_expired);

    claims = world.claims("ssh", world.home);
    claims.window = 600s;
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    world.pass(15s);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_expired);
}

TEST_CASE("a grant that names a source port admits that port only, and is used before a wider one", "[gate]") {
    World world;
    REQUIRE(world.open(world.bob, "ssh", world.home).reason == Reason::spa_accepted);
    auto claims = world.claims("ssh", world.home);
    claims.source_port = 6000;
    const Decision narrow = world.deliver(world.seal(world.alice, claims), world.home);
    REQUIRE(narrow.reason == Reason::spa_accepted);

    CHECK(world.judge(world.syn(world.home, 6000)).grant == narrow.grant);
    CHECK(world.judge(world.syn(world.home, 7000)).client == world.policy().clients[1].id);

    claims = world.claims("ssh", world.home);
    claims.source_port = 6000;
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 6001)).reason == Reason::grant_source_port);
}

TEST_CASE("a UDP flow's further NEW packets belong to it", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "vpn", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.udp(world.home, 5000, World::vpn_port)).reason == Reason::grant_active);
    CHECK(world.judge(world.udp(world.home, 5000, World::vpn_port)).reason == Reason::flow_again);
    CHECK(world.judge(world.udp(world.home, 5001, World::vpn_port)).reason == Reason::grant_used);
}

TEST_CASE("both families of one attempt share one flow", "[gate]") {
    World world;
    auto claims = world.claims("ssh", world.home);
    claims.v6 = {spa::AddressClaim::Mode::exact, world.home6};
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home6).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home6, 5000)).verdict == Verdict::accept);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_used);
}

TEST_CASE("a recorded SYN opens nothing later, when the kernel has forgotten its connection", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    world.pass(500ms);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::flow_again);
    world.pass(1ms);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_used);
}

// The kernel may have taken the first and lost its connection since: let in, the twin would open another one.
TEST_CASE("a SYN has no twin that is let in, not even where the grant has flows left", "[gate]") {
    World world;
    Policy policy = world.draft();
    policy.grants.flows = 2;
    world.use(std::move(policy));
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    for (int i = 0; i < 5; ++i) {
        const Decision twin = world.judge(world.syn(world.home, 5000));
        CHECK(twin.verdict == Verdict::drop);
        CHECK(twin.reason == Reason::flow_again);
    }
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::grant_active);
}

TEST_CASE("a datagram of a UDP flow that is over opens nothing", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "vpn", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.udp(world.home, 5000, World::vpn_port)).verdict == Verdict::accept);
    world.pass(5s);
    CHECK(world.judge(world.udp(world.home, 5000, World::vpn_port)).reason == Reason::grant_used);
}

TEST_CASE("a revoked flow's first packet is not let in again", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    CHECK(end_flows(world.tables(), Ending::revoked, [](const NamedFlow&) { return true; }) == 1);
    CHECK(end_flows(world.tables(), Ending::revoked, [](const NamedFlow&) { return true; }) == 0);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::flow_revoked);
    world.pass(5s);
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::flow_revoked);
    CHECK(world.judge(world.syn(world.home, 5001)).verdict == Verdict::accept);
}

TEST_CASE("a TCP packet that opens nothing is told so", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    for (const int flags : {0, 1, 4, 16, 2 | 16, 2 | 1, 2 | 4}) {
        PacketView packet = world.syn(world.home, 5000);
        packet.tcp_flags = static_cast<std::uint8_t>(flags);
        CHECK(world.judge(packet).reason == Reason::not_syn);
    }
    PacketView ecn = world.syn(world.home, 5000);
    ecn.tcp_flags = tcp_flag::syn | tcp_flag::ece | tcp_flag::cwr;
    CHECK(world.judge(ecn).verdict == Verdict::accept);
}

TEST_CASE("what is not for the gateway itself concerns no service", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    PacketView routed = world.syn(world.home, 5000);
    routed.local = false;
    CHECK(world.judge(routed).reason == Reason::no_service);
}

TEST_CASE("a flow that is let in more than 256 times a second is dropped until the second is over", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "vpn", world.home).reason == Reason::spa_accepted);
    const PacketView packet = world.udp(world.home, 5000, World::vpn_port);
    for (int i = 0; i < 256; ++i) REQUIRE(world.judge(packet).verdict == Verdict::accept);
    CHECK(world.judge(packet).reason == Reason::settle_lost);
    CHECK(world.judge(packet).verdict == Verdict::drop);
    world.pass(1s);
    CHECK(world.judge(packet).verdict == Verdict::accept);
}

TEST_CASE("a client removed by a reload gets nothing more from his grants and flows", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.open(world.alice, "vpn", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.udp(world.home, 5000, World::vpn_port)).verdict == Verdict::accept);
    Policy policy = world.draft();
    policy.clients.erase(policy.clients.begin());
    world.use(std::move(policy));
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_withdrawn);
    CHECK(world.judge(world.udp(world.home, 5000, World::vpn_port)).reason == Reason::grant_withdrawn);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_client_unknown);
}

TEST_CASE("a full table of flows refuses without consuming the grant", "[gate]") {
    World world{{}, {1, 64, 1}};
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    REQUIRE(world.open(world.bob, "ssh", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::flows_full);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::flow_again);
}

TEST_CASE("of many threads racing for one grant exactly one wins", "[gate]") {
    World world;
    for (std::uint32_t round = 0; round < 100; ++round) {
        auto claims = world.claims("ssh", world.home);
        claims.v6 = {spa::AddressClaim::Mode::exact, world.home6};
        REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
        REQUIRE(world.deliver(world.seal(world.alice, claims), world.home6).reason == Reason::spa_accepted);
        std::atomic<int> accepted = 0;
        std::atomic<bool> go = false;
        const auto race = [&](const IpAddress& from, std::uint16_t first_port) {
            spa::Opener bench{world.policy().gateway.name, world.policy().gateway.keys, world.policy().gateway.skew};
            while (!go) std::this_thread::yield();
            for (std::uint16_t port = first_port; port < first_port + 16; ++port)
                accepted +=
                    world.judge(world.syn(from, port, World::ssh_port, round), bench).verdict == Verdict::accept;
        };
        std::vector<std::jthread> threads;
        for (std::uint16_t i = 0; i < 4; ++i)
            threads.emplace_back(race, i % 2 ? world.home : world.home6, static_cast<std::uint16_t>(5000 + 100 * i));
        go = true;
        threads.clear();
        REQUIRE(accepted == 1);
        world.pass(1s);
    }
}

TEST_CASE("sweep tells unused grants once and forgets them a minute later", "[gate]") {
    World world;
    const Decision opened = world.open(world.alice, "ssh", world.home);
    REQUIRE(world.open(world.bob, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).grant == opened.grant);
    CHECK(sweep(world.now(), world.policy(), world.tables()).empty());
    world.pass(15s);
    const auto unused = sweep(world.now(), world.policy(), world.tables());
    REQUIRE(unused.size() == 1);
    CHECK(unused[0].client == world.policy().clients[1].id);
    CHECK(sweep(world.now(), world.policy(), world.tables()).empty());
    world.pass(60s);
    (void)sweep(world.now(), world.policy(), world.tables());
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::no_grant);
}
