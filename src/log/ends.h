// Events that say how grants and flows end; the daemon's main thread makes them, and explain.
#pragma once

#include <memory>

#include "gate/inventory.h"
#include "log/event.h"

namespace postern::log {

// The word for a flow's end: what ended it, or `closed`.
[[nodiscard]] What what_ended(const Flow& flow) noexcept;

// `policy` names the client and the service.
[[nodiscard]] Event grant_event(What what, const Grant& grant, const std::shared_ptr<const Policy>& policy,
                                WallTime now);
[[nodiscard]] Event flow_event(const NamedFlow& named, const std::shared_ptr<const Policy>& policy, WallTime now);

}  // namespace postern::log
