// What the knocks of a policy must say to each other and to the rest of it, and what an operator should know of them.
#pragma once

#include "config/draft.h"

namespace postern::config {

// Adds a mistake for: a name that a client has; a service that nobody offers; both or neither of steps and a one-time
// list; fewer than 2 or more than 16 steps; two knocks with the same steps; a closing step that is an opening one; a
// step where a service or SPA is listened for; more knocks, or more sequences with one first step, than the gate looks
// through for a packet. What lines say to each other and to all this is in config/lines.h.
void check_knocks(const Draft& draft, Mistakes& mistakes);

// Without the flags that a packet may have besides: of steps that are equal so, one packet may take both.
[[nodiscard]] knock::Step plain(knock::Step step);

// Whether one packet could take both.
[[nodiscard]] bool alike(const knock::Step& a, const knock::Step& b);

// The service that has this port, or gateway.spa; empty where it is free.
[[nodiscard]] std::string listener_at(const Draft& draft, const knock::Step& step);

// Whether a scan that goes through the ports from low to high, pings first included, meets the steps in their order.
[[nodiscard]] bool ascending(const std::vector<knock::Step>& steps, bool across_transports);

// Adds a warning for each knock of a weak scheme, and for one that an ordinary port scan can complete.
void warn_of_knocks(const Draft& draft, Mistakes& warnings);

}  // namespace postern::config
