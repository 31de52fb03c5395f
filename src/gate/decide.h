// The gate: one packet, one instant, one policy and the tables in; one decision out.
#pragma once

#include <optional>
#include <vector>

#include "gate/decision.h"
#include "gate/policy.h"
#include "gate/tables.h"
#include "packet/view.h"
#include "spa/postern.h"

namespace postern {

// Pure: the same inputs give the same decision. The opener is the worker's own bench of keyed MACs for this policy, its
// time set to now.wall. Threads: any number over one policy and one set of tables, each with its own opener.
[[nodiscard]] Decision decide(const PacketView& packet, Instant now, const Policy& policy, Tables& tables,
                              spa::Opener& opener) noexcept;

// Lets things expire, and returns the grants that ended before any flow used them, each once. Call about once a second;
// correctness does not hang on it, memory and the list do.
[[nodiscard]] std::vector<Grant> sweep(Instant now, const Policy& policy, Tables& tables);

}  // namespace postern
