// Faults that are planted to see a checker complain. Empty in every honest world.
#pragma once

#include <functional>

#include "gate/decision.h"
#include "packet.h"

namespace postern::sim {

struct Lies {
    std::function<void(const Packet&, Decision&)> verdict;  // what the gate says instead
    bool forget_after_crash = false;                        // the state directory is lost, and nobody notices
    bool lose_notes = false;                                // one packet in a hundred never reaches the log
    bool forget_lines = false;                              // a crash makes every line of every list fresh again
    int move_lists = 0;                                     // by so many lines, at every look
    bool swell = false;                                     // tables have more in them than there is room for
};

}  // namespace postern::sim
