// What the knocks of a policy must say to each other and to the rest of it, and what an operator should know of them.
#pragma once

#include "config/draft.h"

namespace postern::config {

// Adds a mistake for: a name that a client has; a service that nobody offers; fewer than 2 or more than 16 steps; two
// knocks with the same steps; a closing step that is an opening one; a step where a service or SPA is listened for;
// more knocks, or more sequences with one first step, than the gate looks through for a packet.
void check_knocks(const Draft& draft, Mistakes& mistakes);

// Adds a warning for each knock of a weak scheme, and for one that an ordinary port scan can complete.
void warn_of_knocks(const Draft& draft, Mistakes& warnings);

}  // namespace postern::config
