// Sets the gate's wall clock: by moments, by hours, by days, forward and back; it does not stay wrong for long.
#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

Duration draw_step(Dice& dice) {
    const Duration sizes[] = {500ms, 3s, 12s, 45s, 90s, 1h, 24h};
    const Duration step = dice.between(0s, dice.pick(sizes));
    return dice.chance(50) ? step : -step;
}

}  // namespace

void add_clock_hand(World& world) {
    if (!world.climate.clock_steps) return;
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 5s, 90s, [&world, dice] {
        world.host.step_clock(draw_step(*dice));
        if (dice->chance(80))
            world.agenda.in(dice->between(0s, 20s), [&world] {
                if (world.clocks.off() != 0s) world.host.step_clock(-world.clocks.off());
            });
    });
}

}  // namespace postern::sim
