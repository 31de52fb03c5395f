// Grants that were not used yet pass from one process to the next, and are good for no more than before.
#include "gate/hand_over.h"

#include "catch.h"
#include "gate/inventory.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

// The world of the next process, a second later, with what the one before handed over.
std::unique_ptr<World> next(World& before, Duration pause = 1s) {
    auto after = std::make_unique<World>(before.tables().replay_memory());
    after->begin_at({before.now().steady + pause, before.now().wall + pause});
    for (const PendingGrant& pending : pending_grants(before.tables(), before.now().steady))
        take_over(after->tables(), pending, after->now().steady);
    return after;
}

}  // namespace

TEST_CASE("a grant that was not used is good behind a restart, for as long as it was and for one flow", "[gate]") {
    World before;
    REQUIRE(before.open(before.alice, "ssh", before.home).reason == Reason::spa_accepted);
    const auto after = next(before);
    CHECK(after->judge(after->syn(after->home, 4000)).reason == Reason::grant_active);
    CHECK(after->judge(after->syn(after->home, 4001)).reason == Reason::grant_used);

    const auto late = next(before, 15s);
    CHECK(late->judge(late->syn(late->home, 4000)).reason == Reason::grant_expired);
}

TEST_CASE("both families of an attempt have one flow behind a restart, too", "[gate]") {
    World before;
    spa::Claims claims = before.claims("ssh", before.home);
    claims.v6 = {spa::AddressClaim::Mode::exact, before.home6};
    REQUIRE(before.deliver(before.seal(before.alice, claims), before.home).reason == Reason::spa_accepted);
    claims.time += 1ms;
    REQUIRE(before.deliver(before.seal(before.alice, claims), before.home6).reason == Reason::spa_accepted);
    const auto after = next(before);
    CHECK(after->judge(after->syn(after->home6, 4000)).reason == Reason::grant_active);
    CHECK(after->judge(after->syn(after->home, 4000)).reason == Reason::grant_used);
    claims.time += 1ms;  // a retry of the same attempt extends nothing
    CHECK(after->deliver(after->seal(after->alice, claims), after->home).reason == Reason::spa_again);
}

TEST_CASE("a used grant is handed over as used: a delayed retry opens no second flow", "[gate]") {
    World before;
    const spa::Claims claims = before.claims("ssh", before.home);
    REQUIRE(before.deliver(before.seal(before.alice, claims), before.home).reason == Reason::spa_accepted);
    REQUIRE(before.judge(before.syn(before.home, 4000)).reason == Reason::grant_active);
    const auto after = next(before);
    CHECK(after->deliver(after->seal(after->alice, claims), after->home).reason == Reason::spa_again);
    CHECK(after->judge(after->syn(after->home, 4001)).reason == Reason::grant_used);
    REQUIRE(after->open(after->alice, "ssh", after->elsewhere).reason == Reason::spa_accepted);  // takes no place of it
    CHECK(after->deliver(after->seal(after->alice, claims), after->home).reason == Reason::spa_again);
}

TEST_CASE("an attempt for two services has one counter for each behind a restart, too", "[gate]") {
    World before;
    spa::Claims claims = before.claims("ssh", before.home);
    claims.services = {"ssh", "vpn"};
    claims.attempt = {};  // as good as any
    REQUIRE(before.deliver(before.seal(before.alice, claims), before.home).reason == Reason::spa_accepted);
    const auto after = next(before);
    CHECK(after->judge(after->syn(after->home, 4000)).reason == Reason::grant_active);
    CHECK(after->judge(after->syn(after->home, 4001)).reason == Reason::grant_used);
    CHECK(after->judge(after->udp(after->home, 4000, World::vpn_port)).reason == Reason::grant_active);
    CHECK(after->deliver(after->seal(after->alice, claims), after->home).reason == Reason::spa_again);
}

TEST_CASE("flows of another process are known: their twins belong to them, and they can be ended", "[gate]") {
    World before, after;
    REQUIRE(before.open(before.alice, "vpn", before.home).reason == Reason::spa_accepted);
    REQUIRE(before.judge(before.udp(before.home, 5000, World::vpn_port)).reason == Reason::grant_active);
    for (const NamedFlow& named : flows_in(before.tables())) REQUIRE(put_flow(after.tables(), named));
    CHECK(after.judge(after.udp(after.home, 5000, World::vpn_port)).reason == Reason::flow_again);
    CHECK(end_flows(after.tables(), Ending::revoked, [](const NamedFlow&) { return true; }) == 1);
    CHECK(after.judge(after.udp(after.home, 5000, World::vpn_port)).reason == Reason::flow_revoked);
}
