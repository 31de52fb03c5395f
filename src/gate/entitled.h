// Whether the policy in force lets a client go on using a service, asked anew at every use: so a reload, and time, take
// effect on what was granted and let in before.
#pragma once

#include "gate/inventory.h"
#include "gate/policy.h"

namespace postern {

[[nodiscard]] bool entitled(const Policy& policy, ClientId client, ServiceId service, WallTime now) noexcept;

// Why a flow that was let in may not go on under this policy at this instant; Ending::none: it may.
[[nodiscard]] Ending ending_of(const NamedFlow& named, Instant now, const Policy& policy) noexcept;

}  // namespace postern
