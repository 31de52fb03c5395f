#include "world.h"

#include <ostream>

#include "actors.h"
#include "checkers.h"
#include "observers.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

// In one world of four a day ends soon, and with it the sieve of the day.
WallTime first_instant(Dice dice) {
    constexpr WallTime midnight = wall_time(1'800'057'600);
    return dice.chance(25) ? midnight - dice.between(1s, 3min) : midnight + dice.between(0s, 23h);
}

LifeSettings life_settings(const Climate& climate) {
    LifeSettings settings;
    settings.anchor = climate.old_copies && climate.lists > 0;
    if (!climate.tight) return settings;
    settings.sizes = {2, 16, 24, 8};
    settings.workers = 2;
    settings.ledger = {16, 3, 5s};
    settings.narrow_log = true;
    return settings;
}

void look(World& world) {
    world.host.look();
    world.agenda.in(1s, [&world] { look(world); });
}

void populate(World& world) {
    world.full = bare_plan();
    add_members(world);
    add_knockers(world);
    add_insider(world);
    add_scanner(world);
    add_flood(world);
    add_replayer(world);
    add_spoofer(world);
    add_stranger_with_key(world);
    add_clock_hand(world);
    add_operator(world);
    add_power(world);
    add_list_walkers(world);
    add_line_thief(world);
    add_list_keeper(world);
    world.host.plan(world.full);
}

std::string when(const World& world) {
    const auto since = std::chrono::duration<double>(world.clocks.steady() - SteadyTime{1h});
    return "at " + std::to_string(since.count()) + " s: ";
}

}  // namespace

Climate Climate::of(const Settings& settings, Dice dice) {
    Climate climate;
    const bool crowd = dice.chance(5);
    climate.minutes = settings.minutes.value_or(static_cast<unsigned>(crowd ? 1 : dice.between(1, 3)));
    climate.members = static_cast<unsigned>(crowd ? dice.between(100, 300) : dice.between(3, 30));
    climate.knockers = static_cast<unsigned>(dice.below(4));
    climate.crashes = dice.chance(60);
    climate.clock_steps = dice.chance(50);
    climate.old_copies = climate.crashes && !climate.clock_steps && dice.chance(40);
    climate.tight = dice.chance(15);
    climate.envelopes = dice.chance(5);
    climate.malice = static_cast<unsigned>(dice.between(1, 5));
    climate.lists = settings.lists ? static_cast<unsigned>(dice.below(4)) : 0;
    return climate;
}

World::World(const Settings& settings)
    : dice{settings.seed},
      climate{Climate::of(settings, dice.split())},
      clocks{agenda, first_instant(dice.split())},
      people{dice.split()},
      lies{settings.lies},
      host{agenda, clocks, people, life_settings(climate), dice.split(), court, lies},
      network{agenda, dice.split(), [this](const Packet& packet) { host.arrive(packet); }} {}

Outcome run(const Settings& settings) {
    Outcome outcome;
    World world{settings};
    if (settings.trace) world.court.call(trace(*settings.trace));
    world.court.call(account(outcome));
    for (const auto& checker :
         {once(world.court), entitled(world.court), welcome(world.court, world.climate.tight, outcome.welcomed),
          lines(world.court, {world.climate.tight, world.climate.old_copies}, outcome.lines), sums(world.court),
          bounds(world.court)})
        world.court.call(checker);
    populate(world);
    world.host.start();
    look(world);
    const auto stop = [&] { return world.court.complaint().has_value(); };
    world.agenda.run(world.clocks.steady() + std::chrono::minutes{world.climate.minutes}, stop);
    if (!stop()) world.host.stop();
    if (stop()) outcome.complaint = when(world) + *world.court.complaint();
    outcome.clients = world.climate.members;
    outcome.minutes = world.climate.minutes;
    return outcome;
}

}  // namespace postern::sim
