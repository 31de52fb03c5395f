// What becomes of a decision where the rules only observe (gateway.observe).
#pragma once

#include "gate/decision.h"
#include "gate/policy.h"
#include "packet/view.h"

namespace postern {

// Lets a refused packet in all the same, with a mark of its own, where both say so: the rules that queued it and the
// policy. In doubt the decision holds. An accept stays one, so that members' flows are what they will be.
[[nodiscard]] Decision observed(Decision decision, const PacketView& packet, const Policy& policy) noexcept;

}  // namespace postern
