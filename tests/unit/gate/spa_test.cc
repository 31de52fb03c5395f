// Proof: each fault by itself opens nothing and has its own word; the same message without it opens.
#include <thread>

#include "catch.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;
using Mode = spa::AddressClaim::Mode;

TEST_CASE("a genuine message opens, and is itself dropped", "[gate]") {
    World world;
    const Decision decision = world.open(world.alice, "ssh", world.home);
    CHECK(decision.reason == Reason::spa_accepted);
    CHECK(decision.verdict == Verdict::drop);
    CHECK(decision.client == world.policy().clients[0].id);
    CHECK_FALSE(decision.unbound);
}

TEST_CASE("a replay opens nothing, from the same address or another", "[gate]") {
    World world;
    const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
    REQUIRE(world.deliver(datagram, world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_replayed);
    CHECK(world.deliver(datagram, world.elsewhere).reason == Reason::spa_replayed);
    CHECK(world.judge(world.syn(world.home, 5001)).verdict == Verdict::drop);
    CHECK(world.judge(world.syn(world.elsewhere, 5001)).reason == Reason::no_grant);
}

TEST_CASE("a copy that an attacker delivers first is refused, and the genuine one still opens", "[gate]") {
    World world;
    const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
    CHECK(world.deliver(datagram, world.elsewhere).reason == Reason::spa_source);
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_accepted);
}

TEST_CASE("freshness has two edges", "[gate]") {
    World world;
    const auto at = [&](Duration offset) {
        auto claims = world.claims("ssh", world.home);
        claims.time += offset;
        return world.deliver(world.seal(world.alice, claims), world.home).reason;
    };
    CHECK(at(-30s) == Reason::spa_accepted);
    CHECK(at(30s) == Reason::spa_accepted);
    CHECK(at(-31s) == Reason::spa_stale);
    CHECK(at(31s) == Reason::spa_stale);
}

// What was used when a world begins.
ReplayMemory used(TimeSpan span) {
    ReplayMemory memory;
    memory.use(span, 30s);
    return memory;
}

TEST_CASE("nothing is accepted of a time that is used at the start", "[gate]") {
    World world{used({WallTime::min(), wall_time(1'800'000'030)})};  // the world's now, and its skew
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_old);
    world.pass(30s);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_old);
    world.pass(1s);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
}

TEST_CASE("nothing is accepted of a time that the state on disk does not answer for", "[gate]") {
    World world;
    const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
    world.tables().horizon().cover({world.now().wall - 30s, world.now().wall - Duration{1}});
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_not_durable);
    CHECK(world.judge(world.syn(world.home, 4000)).reason == Reason::no_grant);
    world.tables().horizon().close();
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_not_durable);
    world.tables().horizon().cover({world.now().wall - 30s, world.now().wall});
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_accepted);  // it had consumed nothing
}

TEST_CASE("what one process accepted another one remembers, whatever became of the client meanwhile", "[gate]") {
    World before;
    const auto datagram = before.seal(before.alice, before.claims("ssh", before.home));
    REQUIRE(before.deliver(datagram, before.home).reason == Reason::spa_accepted);
    Policy without = before.draft();
    std::erase_if(without.clients, [](const Client& client) { return client.name == "alice"; });
    before.use(std::move(without));

    const ReplayMemory memory = before.tables().replay_memory();
    CHECK(memory.windows.size() == 2);
    World after{memory};
    after.pass(1s);  // its dice are those of the world before
    CHECK(after.deliver(datagram, after.home).reason == Reason::spa_replayed);
    CHECK(after.open(after.alice, "ssh", after.home).reason == Reason::spa_accepted);
    CHECK(after.open(after.bob, "ssh", after.home).reason == Reason::spa_accepted);

    Policy nobody = after.draft();
    nobody.clients.clear();
    World empty{after.tables().replay_memory()};  // a process that never knew her hands on what it was told
    empty.use(std::move(nobody));
    CHECK(World{empty.tables().replay_memory()}.deliver(datagram, after.home).reason == Reason::spa_replayed);
}

TEST_CASE("keys that are not the policy's open nothing", "[gate]") {
    World world;
    CHECK(world.open(world.mallory, "ssh", world.home).reason == Reason::spa_client_unknown);
    Person wrong_psk = world.alice;
    wrong_psk.psk = noise::Secret{};
    CHECK(world.open(wrong_psk, "ssh", world.home).reason == Reason::spa_unauthentic);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
}

TEST_CASE("a message that failed behind its tag costs nothing when it comes again", "[gate]") {
    World world;
    const auto datagram = world.seal(world.mallory, world.claims("ssh", world.home));
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_client_unknown);
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_copy);
    world.use(world.draft());
    CHECK(world.deliver(datagram, world.home).reason == Reason::spa_client_unknown);
}

TEST_CASE("a client gets what the policy entitles him to, all or nothing", "[gate]") {
    World world;
    CHECK(world.open(world.alice, "web", world.home).reason == Reason::spa_service);
    CHECK(world.open(world.alice, "nonsense", world.home).reason == Reason::spa_service);
    auto claims = world.claims("ssh", world.home);
    claims.services = {"ssh", "web"};
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_service);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::drop);
    claims = world.claims("ssh", world.home);
    claims.services = {"ssh", "vpn"};
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    CHECK(world.judge(world.udp(world.home, 5000, World::vpn_port)).verdict == Verdict::accept);
}

TEST_CASE("an expired client's new messages are refused", "[gate]") {
    World world;
    Policy policy = world.draft();
    policy.clients[0].expires = world.now().wall + 10s;
    world.use(std::move(policy));
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    world.pass(10s);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_expired);
}

TEST_CASE("source_claim says where an address must be exact", "[gate]") {
    World world;
    const auto as_seen = [&](const IpAddress& from) {
        auto claims = world.claims("ssh", from);
        (from.family == Family::v4 ? claims.v4 : claims.v6) = {Mode::as_seen, {}};
        return world.deliver(world.seal(world.alice, claims), from);
    };
    const auto demand = [&](SourceClaim demanded) {
        Policy policy = world.draft();
        policy.clients[0].source_claim = demanded;
        world.use(std::move(policy));
    };
    CHECK(as_seen(world.home).unbound);
    CHECK(as_seen(world.home).reason == Reason::spa_accepted);
    CHECK(as_seen(world.home6).reason == Reason::spa_source_required);
    demand(SourceClaim::required);
    CHECK(as_seen(world.home).reason == Reason::spa_source_required);
    demand(SourceClaim::optional);
    CHECK(as_seen(world.home6).reason == Reason::spa_accepted);
}

TEST_CASE("a family that the message does not claim gets nothing", "[gate]") {
    World world;
    const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
    CHECK(world.deliver(datagram, world.home6).reason == Reason::spa_source);
}

TEST_CASE("a retry of an attempt extends nothing", "[gate]") {
    World world;
    auto claims = world.claims("ssh", world.home);
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    world.pass(10s);
    claims.time = world.now().wall;
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_again);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    CHECK(world.judge(world.syn(world.home, 5001)).verdict == Verdict::drop);
    world.pass(10s);
    claims.time = world.now().wall;
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_again);
    CHECK(world.judge(world.syn(world.home, 5002)).verdict == Verdict::drop);
}

TEST_CASE("two sources cannot share an attempt that names no address", "[gate]") {
    World world;
    auto claims = world.claims("ssh", world.home);
    claims.v4 = {Mode::as_seen, {}};
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    claims.time += 1s;
    CHECK(world.deliver(world.seal(world.alice, claims), world.elsewhere).reason == Reason::spa_conflict);
    CHECK(world.judge(world.syn(world.elsewhere, 5000)).reason == Reason::no_grant);
}

TEST_CASE("a client has at most 128 live attempts, and other clients do not feel it", "[gate]") {
    World world;
    for (int i = 0; i < 128; ++i) {
        const IpAddress from = address("198.51.100." + std::to_string(i + 1));
        REQUIRE(world.open(world.alice, "ssh", from).reason == Reason::spa_accepted);
        world.pass(1ms);
    }
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::attempts_full);
    CHECK(world.open(world.bob, "ssh", world.home).reason == Reason::spa_accepted);
    world.pass(15s);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
}

TEST_CASE("one attempt that nobody uses does not stand in the way of the others", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    for (std::uint16_t i = 0; i < 300; ++i) {
        const IpAddress from = address("198.51." + std::to_string(101 + i / 250) + "." + std::to_string(i % 250 + 1));
        REQUIRE(world.open(world.alice, "ssh", from).reason == Reason::spa_accepted);
        REQUIRE(world.judge(world.syn(from, 5000)).verdict == Verdict::accept);
        world.pass(1ms);
    }
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
}

TEST_CASE("where there is no room for all the grants of a message, none is made", "[gate]") {
    World world{{}, {1, 1, 64}};
    auto claims = world.claims("ssh", world.home);
    claims.services = {"ssh", "vpn"};
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::grants_full);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::no_grant);
    world.pass(1ms);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
}

TEST_CASE("an attempt for which there was no room is given its grant by a retry", "[gate]") {
    World world{{}, {1, 1, 64}};
    REQUIRE(world.open(world.bob, "ssh", world.elsewhere).reason == Reason::spa_accepted);
    auto claims = world.claims("ssh", world.home);
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::grants_full);
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::grants_full);
    REQUIRE(world.judge(world.syn(world.elsewhere, 5000)).verdict == Verdict::accept);
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    CHECK(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_again);
    CHECK(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::grant_used);
}

TEST_CASE("where there is no room for one family's grant, the other keeps its own", "[gate]") {
    World world{{}, {1, 2, 64}};
    auto claims = world.claims("ssh", world.home);
    claims.v6 = {spa::AddressClaim::Mode::exact, world.home6};
    REQUIRE(world.deliver(world.seal(world.alice, claims), world.home).reason == Reason::spa_accepted);
    REQUIRE(world.open(world.bob, "ssh", world.elsewhere).reason == Reason::spa_accepted);
    CHECK(world.deliver(world.seal(world.alice, claims), world.home6).reason == Reason::grants_full);
    CHECK(world.judge(world.syn(world.home, 5000)).reason == Reason::grant_active);
}

TEST_CASE("strangers who know the gateway's key run out of handshakes, members do not", "[gate]") {
    World world;
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    const auto forged = world.seal(world.mallory, world.claims("ssh", world.elsewhere));
    unsigned spent = 0;
    while (world.tables().budget().with([&](Budget& b) { return b.take(world.elsewhere, world.now().steady); }))
        ++spent;
    CHECK(spent + 1 == Budget::handshakes_per_second);  // alice's first one came out of the same bucket
    CHECK(world.deliver(forged, world.elsewhere).reason == Reason::spa_budget);
    CHECK(world.open(world.bob, "ssh", world.elsewhere).reason == Reason::spa_budget);
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    world.pass(1s);
    CHECK(world.open(world.bob, "ssh", world.elsewhere).reason == Reason::spa_accepted);
}

TEST_CASE("one message delivered to many threads at once is accepted by exactly one", "[gate]") {
    World world;
    for (int round = 0; round < 50; ++round) {
        const auto datagram = world.seal(world.alice, world.claims("ssh", world.home));
        std::atomic<int> accepted = 0;
        std::atomic<bool> go = false;
        const auto race = [&] {
            spa::Opener bench{world.policy().gateway.name, world.policy().gateway.keys, world.policy().gateway.skew};
            PacketView packet = world.udp(world.home, 40000, World::spa_port);
            packet.payload = datagram;
            while (!go) std::this_thread::yield();
            accepted += world.judge(packet, bench).reason == Reason::spa_accepted;
        };
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back(race);
        go = true;
        threads.clear();
        REQUIRE(accepted == 1);
        world.pass(1s);
    }
}

TEST_CASE("unreadable packets have their words", "[gate]") {
    World world;
    PacketView packet = world.syn(world.home, 5000);
    packet.malformed = true;
    CHECK(world.judge(packet).reason == Reason::malformed);
    packet = world.syn(world.home, 5000);
    packet.more_fragments = true;
    CHECK(world.judge(packet).reason == Reason::fragment);
    CHECK(world.judge(world.packet(Transport::sctp, world.home, 5000, 22)).reason == Reason::other);
    CHECK(world.judge(world.packet(Transport::icmp, world.home, 0, 0)).reason == Reason::no_service);
    const std::vector<std::uint8_t> junk(100, 0x55);
    CHECK(world.deliver(junk, world.home).reason == Reason::spa_length);
}
