// Reloads: takes clients and knocks out of the policy and puts them back, changes limits and skew; revokes.
#include <algorithm>

#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

template <class Rows>
void thin_out(Dice& dice, Rows& rows, unsigned percent) {
    std::erase_if(rows, [&](const auto&) { return dice.chance(percent); });
}

Plan draw_plan(World& world, Dice& dice) {
    Plan plan = world.full;
    thin_out(dice, plan.clients, 10);
    thin_out(dice, plan.knocks, 10);
    if (dice.chance(10)) thin_out(dice, plan.services, 30);
    // Behind an older copy only the lines count as used that the policy has then.
    if (world.climate.old_copies && !plan.lists.empty()) plan.services = world.full.services;
    for (PlannedClient& client : plan.clients) {
        if (dice.chance(10)) thin_out(dice, client.services, 40);
        if (dice.chance(3)) client.expires = world.clocks.truth() + dice.between(-10s, 100s);
        if (dice.chance(5)) client.source_claim = SourceClaim::required;
    }
    for (PlannedKnock& knock : plan.knocks)
        if (dice.chance(20)) knock.deadline = dice.between(1s, 20s);
    plan.grants.window = std::chrono::seconds{dice.between(2, 30)};
    plan.grants.flows = static_cast<std::uint16_t>(dice.chance(60) ? 1 : dice.between(2, 4));
    if (dice.chance(30)) plan.grants.session_max = dice.between(2s, 60s);
    // A copy of the state from before answers for what is fresh now, with the skew of now.
    const Duration skews[] = {5s, 30s, 30s, 60s, 300s};
    if (!world.climate.old_copies) plan.skew = dice.pick(skews);
    return plan;
}

}  // namespace

void add_operator(World& world) {
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 5s, 80s, [&world, dice] {
        Plan plan = draw_plan(world, *dice);
        mend(plan);
        world.host.plan(plan);
    });
    world.often(dice->split(), 10s, 100s,
                [&world, dice] { world.host.revoke(dice->pick(world.full.clients).person.name); });
}

}  // namespace postern::sim
