// What a start believes of the state that the process before left.
#include "posternd/recall.h"

#include "catch.h"
#include "scratch.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

Recalled recalled_from(store::State state, const World& world) {
    const ScratchDirectory directory;
    for (const spa::GatewayKey& key : world.policy().gateway.keys) state.gateway_keys.push_back(key.pair.public_key);
    std::ranges::sort(state.replays.windows, {}, &store::Window::key);
    REQUIRE(store::StateFile::open(directory.path()).and_then([&](store::StateFile file) { return file.save(state); }));
    return recall({directory.path(), {}}, world.policy(), {}, world.now().wall);
}

}  // namespace

TEST_CASE("what clients used that have left counts for every key once it is past, and they keep no window",
          "[posternd]") {
    World world;
    const auto ago = [&](Duration time) { return world.now().wall - time; };
    const Person left{"left", keys_of(14), noise::Secret{}}, just_left{"just left", keys_of(15), noise::Secret{}};
    store::State state;
    state.replays.windows = {
        {world.alice.keys.public_key, {}, {{ago(100s), {1}}}},
        {left.keys.public_key, {{ago(500s), ago(400s)}}, {{ago(200s), {2}}}},
        {just_left.keys.public_key, {{ago(900s), ago(800s)}}, {{ago(10s), {3}}}},
    };
    const Recalled recalled = recalled_from(state, world);
    CHECK(recalled.warning.empty());
    CHECK(recalled.memory.windows.size() == 2);
    CHECK_FALSE(recalled.memory.windows.contains(left.keys.public_key));
    for (const Duration used : {500s, 400s, 200s}) CHECK(recalled.memory.used.contains(ago(used)));
    for (const Duration unused : {900s, 300s, 100s, 10s}) CHECK_FALSE(recalled.memory.used.contains(ago(unused)));

    World after{recalled.memory};
    Policy policy = after.draft();
    policy.clients.push_back(after.client(left, {"ssh"}));  // who comes back
    after.use(std::move(policy));
    const auto at = [&](Duration time, const Person& who) {
        after.begin_at({after.now().steady, ago(time)});  // where the clock is set back
        return after.open(who, "ssh", after.home).reason;
    };
    CHECK(at(200s, left) == Reason::spa_old);
    CHECK(at(450s, left) == Reason::spa_old);
    CHECK(at(200s, after.bob) == Reason::spa_old);
    CHECK(at(200s, after.alice) == Reason::spa_accepted);
    CHECK(at(100s, left) == Reason::spa_accepted);
}

TEST_CASE("a marker of another gateway key says nothing of this one", "[posternd]") {
    World world;
    const auto doubted = [&](std::vector<noise::PublicKey> marked) {
        const ScratchDirectory directory;
        return recall({directory.path(), {}}, world.policy(), {std::move(marked), {}}, world.now().wall).doubted;
    };
    const auto key = keys_of(1).public_key, another = keys_of(2).public_key, third = keys_of(3).public_key;
    CHECK_FALSE(doubted({key}));
    CHECK(doubted({another}));
    Policy policy = world.draft();
    policy.gateway.keys.push_back({keys_of(2), spa::GatewayFace::of(another)});
    world.use(std::move(policy));
    CHECK_FALSE(doubted({another, key}));
    CHECK(doubted({key}));
    CHECK(doubted({another}));
    CHECK(doubted({key, third}));
}
