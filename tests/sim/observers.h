// Witnesses that judge nothing: one prints, one counts.
#pragma once

#include <iosfwd>
#include <memory>

#include "world.h"

namespace postern::sim {

// One line per event. The stream outlives it.
[[nodiscard]] std::shared_ptr<Witness> trace(std::ostream& out);

// Counts into the outcome, and sums up every verdict in its digest.
[[nodiscard]] std::shared_ptr<Witness> account(Outcome& outcome);

}  // namespace postern::sim
