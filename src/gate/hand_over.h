// What one process hands to the next when it ends in order: grants whose time is not over, used ones too, so that a
// retry of their attempt is known as one.
#pragma once

#include <vector>

#include "gate/tables.h"

namespace postern {

struct PendingGrant {
    Grant grant;
    AttemptId attempt{};  // all zero for a knock's
    std::uint16_t flows_left = 0;
};

[[nodiscard]] std::vector<PendingGrant> pending_grants(Tables& tables, SteadyTime now);

// Of an enrolled client, before the first packet is judged. Grants of one attempt share their counters as before; one
// that finds no room is lost.
void take_over(Tables& tables, const PendingGrant& pending, SteadyTime now);

}  // namespace postern
