// What the static rules say before the queue, in their order (DESIGN, "A packet's way through the rules"): the chain
// `judge` of rules/, as a function.
#pragma once

#include <optional>

#include "explain/aside.h"
#include "explain/connections.h"
#include "gate/policy.h"
#include "packet/view.h"
#include "rules/passed.h"

namespace postern::explain {

// Why the rules do not queue it; nothing where they do. view.local is set.
[[nodiscard]] std::optional<Aside> passed_by(const PacketView& view, const Tracked& tracked, const Policy& policy,
                                             rules::Origin origin) noexcept;

}  // namespace postern::explain
