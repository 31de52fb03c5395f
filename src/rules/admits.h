// What the static rules let pass without asking the daemon: the answer of the chain `judge`, for those who look at
// connections afterwards.
#pragma once

#include <string_view>

#include "gate/policy.h"

namespace postern::rules {

// Whether a new connection of TCP or UDP passes by itself (passed.h), or goes to the daemon as SPA whatever conntrack
// holds. `first` has what names a connection, as its first packet was sent, and whether its destination is the
// gateway's own.
[[nodiscard]] bool admits(const Policy& policy, const PacketView& first);

// Whether the policy guards this interface: one of gateway.interfaces names it, a star at their end standing for any
// rest. Never lo.
[[nodiscard]] bool guards_interface(const Policy& policy, std::string_view name);

}  // namespace postern::rules
