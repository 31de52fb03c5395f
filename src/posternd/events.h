// Events of the main thread: how grants and flows end.
#pragma once

#include "gate/inventory.h"
#include "log/event.h"
#include "netfilter/conntrack.h"

namespace postern {

using PolicyPointer = std::shared_ptr<const Policy>;

[[nodiscard]] log::Event grant_event(log::What what, const Grant& grant, const PolicyPointer& policy, WallTime now);
[[nodiscard]] log::Event flow_event(log::What what, const NamedFlow& named, const PolicyPointer& policy, WallTime now);

// The flow as conntrack names it.
[[nodiscard]] netfilter::Connection connection_of(const FlowKey& key);

}  // namespace postern
