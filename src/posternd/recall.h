// What the process before left of the state that must outlive it, and how much of it this one may believe.
//
//     it ended in order        every accepted message is known: nothing else is refused
//     it was killed            all that was covered counts as used, and all that is fresh now
//     nothing is there         all that is fresh now counts as used; unless every key was made just now
//     damaged                  the same; the file is set aside
//     older than its anchor    the same: a copy was put back
//     newer, or not usable     nothing is accepted, until it can be read and written
//
// Of one-time lists, the lines on the disk are used, whichever way it ended. Where what was accepted before is not
// known, or the file was damaged, lines are doubted (gate/line_memory.h).
//
// "Fresh now" is what a message may say that is no more than gateway.skew off.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gate/replay_memory.h"
#include "posternd/markers.h"
#include "store/state.h"

namespace postern {

struct StatePlace {
    std::filesystem::path directory;  // of state.db
    std::filesystem::path anchor;     // store/anchor.h; empty: none
};

struct Recalled {
    std::optional<store::StateFile> file;  // nothing: no state can be kept, and `trouble` says why
    std::string trouble;
    store::State state;  // as it was, or a new one; what may be believed of it is in `memory`
    ReplayMemory memory;
    std::string warning;   // why SPA of this time is refused; empty: it is not
    bool doubted = false;  // what was accepted before is not known: the clock's word says up to when that was
};

// Reads and repairs; writes nothing that matters. `markers`: what came of the ones beside the keys.
[[nodiscard]] Recalled recall(const StatePlace& place, const Policy& policy, const SpentMarkers& markers, WallTime now);

// The state of a gate that has accepted this; `before` gives its identity.
[[nodiscard]] store::State state_of(const ReplayMemory& memory, const Policy& policy, const store::State& before);

}  // namespace postern
