// What ends a flow that was let in: the policy that no longer lets it go on, and time.
#include "catch.h"
#include "gate/entitled.h"
#include "world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

NamedFlow only_flow(World& world) {
    const auto flows = flows_in(world.tables());
    REQUIRE(flows.size() == 1);
    return flows[0];
}

// Alice's ssh flow, one packet old.
NamedFlow let_in(World& world) {
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    REQUIRE(world.judge(world.syn(world.home, 5000)).verdict == Verdict::accept);
    return only_flow(world);
}

Ending why(World& world, const NamedFlow& flow) { return ending_of(flow, world.now(), world.policy()); }

template <class Change>
void change(World& world, Change body) {
    Policy policy = world.draft();
    body(policy);
    world.use(std::move(policy));
}

}  // namespace

TEST_CASE("without session_max a flow lasts", "[gate]") {
    World world;
    const NamedFlow flow = let_in(world);
    world.pass(1000h);
    CHECK(why(world, flow) == Ending::none);
}

TEST_CASE("session_max ends a flow to the nanosecond, by steady time", "[gate]") {
    World world;
    change(world, [](Policy& policy) { policy.grants.session_max = 12h; });
    const NamedFlow flow = let_in(world);
    world.step_wall_clock(24h);
    world.pass(12h - 1ns);
    CHECK(why(world, flow) == Ending::none);
    world.pass(1ns);
    CHECK(why(world, flow) == Ending::session_max);
}

TEST_CASE("a client's expiry ends his flows, and his grants let nothing in", "[gate]") {
    World world;
    change(world, [&](Policy& policy) { policy.clients[0].expires = world.now().wall + 10s; });
    const NamedFlow flow = let_in(world);
    REQUIRE(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    world.pass(10s - 1ns);
    CHECK(why(world, flow) == Ending::none);
    world.pass(1ns);
    CHECK(why(world, flow) == Ending::client_expired);
    CHECK(world.judge(world.syn(world.home, 5001)).reason == Reason::grant_withdrawn);
}

TEST_CASE("a flow is withdrawn with its client, its service, the one's right to the other, and its port", "[gate]") {
    World world;
    change(world, [](Policy& policy) { std::ranges::reverse(policy.clients[0].services); });  // ssh is the last
    const NamedFlow flow = let_in(world);
    CHECK(why(world, flow) == Ending::none);
    SECTION("client") { change(world, [](Policy& policy) { policy.clients.erase(policy.clients.begin()); }); }
    SECTION("service") { change(world, [](Policy& policy) { policy.services.erase(policy.services.begin()); }); }
    SECTION("right") { change(world, [](Policy& policy) { policy.clients[0].services.pop_back(); }); }
    SECTION("port") { change(world, [](Policy& policy) { policy.services[0].ports[0].ports = {2222, 2222}; }); }
    CHECK(why(world, flow) == Ending::withdrawn);
}

TEST_CASE("a policy that says the same of a flow leaves it", "[gate]") {
    World world;
    const NamedFlow flow = let_in(world);
    change(world, [](Policy& policy) {
        policy.clients.pop_back();
        policy.services.pop_back();
        policy.services[0].ports.push_back({Transport::tcp, {2222, 2222}});
    });
    CHECK(why(world, flow) == Ending::none);
}

TEST_CASE("each flow ends for its own reason, once, and is found and taken by its tuple", "[gate]") {
    World world;
    const NamedFlow flow = let_in(world);
    CHECK(end_flows(world.tables(), [](const NamedFlow&) { return Ending::none; }) == 0);
    CHECK(end_flows(world.tables(), [](const NamedFlow&) { return Ending::withdrawn; }) == 1);
    CHECK(end_flows(world.tables(), [](const NamedFlow&) { return Ending::session_max; }) == 0);
    CHECK(find_flow(world.tables(), flow.key).value().ending == Ending::withdrawn);
    CHECK(!take_flow(world.tables(), flow.key, flow.flow.opened + 1ns));
    CHECK(take_flow(world.tables(), flow.key, flow.flow.opened).value().key == flow.key);
    CHECK(!find_flow(world.tables(), flow.key));
}
