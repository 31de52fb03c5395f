// The judges. Each knows the policy in force and what was truly sent; none looks into the gate's tables.
#pragma once

#include "witness.h"

namespace postern::sim {

struct LineCounts;

// No packet is let in that nobody is entitled to; no grant is made that nobody has proved.
[[nodiscard]] std::shared_ptr<Witness> entitled(Court& court);

// No message makes a grant twice, over all lives of the gate.
[[nodiscard]] std::shared_ptr<Witness> once(Court& court);

// Whoever keeps the rules gets in with the first packet. `tight`: tables may be full. `welcomed` counts how often that
// was asked for, and so.
[[nodiscard]] std::shared_ptr<Witness> welcome(Court& court, bool tight, std::uint64_t& welcomed);

// Every packet is in the log: lines and counts.
[[nodiscard]] std::shared_ptr<Witness> sums(Court& court);

// No line of a one-time list opens twice, in front of a used one or too far ahead; who walks through one gets in.
struct LineRules {
    bool tight = false;       // tables may be full
    bool old_copies = false;  // a crash may make all lines void
};
[[nodiscard]] std::shared_ptr<Witness> lines(Court& court, const LineRules& rules, LineCounts& counts);

// Tables and disk hold no more than they are made for.
[[nodiscard]] std::shared_ptr<Witness> bounds(Court& court);

}  // namespace postern::sim
