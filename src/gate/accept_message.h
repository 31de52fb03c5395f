// Consumes a message: its time in the client's replay window, and its place in an attempt. Exact across threads,
// because all of it happens under the client's lock.
#pragma once

#include "base/verdict.h"
#include "gate/attempts.h"
#include "gate/horizon.h"
#include "gate/policy.h"
#include "spa/postern.h"

namespace postern {

// The ids of the services that a message asks for.
struct Wanted {
    std::array<ServiceId, services_per_attempt> ids{};
    std::uint8_t count = 0;
};

// Whether grants are to be made (spa_accepted) or why not, and for which attempt.
struct Accepted {
    Reason reason = Reason::spa_accepted;
    Attempt attempt;
    std::uint8_t place = 0;  // of the attempt among the client's
};

// spa_accepted and spa_again consume the message's time; every other answer changes nothing.
[[nodiscard]] Accepted accept_message(ClientState& state, const Horizon& horizon, const spa::Opened& opened,
                                      const Wanted& wanted, const IpAddress& source, Instant now, const Policy& policy);

// Where no grant could be made of what was accepted: the attempt's next message may try again. The time stays consumed.
void let_go(ClientState& state, const Accepted& accepted, Family family);

}  // namespace postern
