// One simulated world: everything in it follows from its seed. Its actors are in actors/, its judges in checkers/.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "host.h"
#include "network.h"

namespace postern::sim {

struct ListFile;  // actors/list_files.h

struct Settings {
    std::uint64_t seed = 1;
    std::optional<unsigned> minutes;  // of simulated time; nothing: the seed says
    std::ostream* trace = nullptr;    // every event, one line each
    Lies lies;
    bool lists = true;  // there may be one-time ones
};

// Of one-time lists.
struct LineCounts {
    std::uint64_t opened = 0;  // lines
    std::uint64_t owed = 0;    // of them, how many had to open
    std::uint64_t again = 0;   // used ones that came whole again, from anybody, and did not open
};

// What came of it.
struct Outcome {
    std::optional<std::string> complaint;  // what was broken, and when
    std::uint64_t digest = 0;              // of every verdict, in order
    std::uint64_t packets = 0, accepted = 0, grants = 0;
    std::uint64_t welcomed = 0;  // how often an honest client had to be let in, and was
    LineCounts lines;
    unsigned lives = 0, clients = 0, minutes = 0;
};

[[nodiscard]] Outcome run(const Settings& settings);

// What kind of a world the seed makes.
struct Climate {
    unsigned minutes = 5;
    unsigned members = 20;
    unsigned knockers = 2;
    unsigned lists = 1;  // one-time ones, with a client each
    bool clock_steps = false;
    bool crashes = false;
    bool old_copies = false;  // a crash may bring back a state from up to a minute ago; not with clock steps
    bool tight = false;       // tables that fill up, and a log that refuses
    bool envelopes = false;   // somebody who knows P spends the budget
    unsigned malice = 3;      // 0 to 5: how busy attackers are
    [[nodiscard]] static Climate of(const Settings& settings, Dice dice);
};

// What actors see.
struct World {
    World(const Settings& settings);

    // A deed again and again, each time after a pause between these two.
    template <class Deed>
    void often(Dice pauses, Duration least, Duration most, Deed deed) {
        const Duration pause = pauses.between(least, most);
        agenda.in(pause, [this, pauses, least, most, deed]() mutable {
            deed();
            often(pauses, least, most, std::move(deed));
        });
    }

    // How long an attacker waits between two deeds at most, in a world of this malice.
    [[nodiscard]] Duration pause(Duration at_full_malice) const { return at_full_malice * 5 / climate.malice; }

    [[nodiscard]] std::shared_ptr<Wish> new_wish() { return std::make_shared<Wish>(Wish{++wishes, {}, {}}); }

    Dice dice;
    Climate climate;
    Agenda agenda;
    Clocks clocks;
    Court court;
    People people;
    Lies lies;
    Host host;
    Network network;
    Plan full;  // with everybody in it; the operator takes away and gives back
    std::vector<std::shared_ptr<ListFile>> list_files;
    std::uint64_t wishes = 0, lines_drawn = 0;
};

}  // namespace postern::sim
