// What the static rules let pass without asking the daemon: the answer of the chain `judge`, for those who look at
// connections afterwards.
#pragma once

#include "gate/policy.h"

namespace postern::rules {

// Whether a new connection to this destination port passes by break-glass, or goes to the daemon as SPA whatever
// conntrack holds. `source` is of either family.
[[nodiscard]] bool admits(const Policy& policy, Transport transport, const IpAddress& source,
                          std::uint16_t destination_port);

// Whether the policy guards this interface.
[[nodiscard]] bool guards_interface(const Policy& policy, const std::string& name);

}  // namespace postern::rules
