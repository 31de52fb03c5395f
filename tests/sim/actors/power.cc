// Ends and begins processes of the gate: in order, by a crash, by a crash after which a copy of the state from before
// comes back; with a pause in between, in which the clock may be set.
#include "actors.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

void end(World& world, Dice& dice) {
    if (!dice.chance(50) || !world.climate.crashes)
        world.host.stop();
    else if (world.climate.old_copies)
        world.host.crash_onto_copy();
    else
        world.host.crash();
}

}  // namespace

void add_power(World& world) {
    const auto dice = std::make_shared<Dice>(world.dice.split());
    world.often(dice->split(), 5s, 100s, [&world, dice] {
        end(world, *dice);
        const Duration pause = dice->chance(50) ? dice->between(0ms, 500ms) : dice->between(0s, 30s);
        if (world.climate.clock_steps && dice->chance(20))
            world.agenda.in(pause / 2, [&world, by = dice->between(-100s, 100s)] { world.host.step_clock(by); });
        world.agenda.in(pause, [&world] { world.host.start(); });
    });
    if (world.climate.old_copies) world.often(dice->split(), 5s, 60s, [&world] { world.host.take_copy(); });
}

}  // namespace postern::sim
