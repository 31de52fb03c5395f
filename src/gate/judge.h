// The three long answers of decide(): is this packet a flow that somebody is entitled to, a valid SPA, a knock.
#pragma once

#include "gate/decision.h"
#include "gate/policy.h"
#include "gate/tables.h"
#include "packet/view.h"
#include "spa/postern.h"

namespace postern {

[[nodiscard]] inline Decision refuse(Reason reason) noexcept { return {Verdict::drop, reason}; }

// A packet for a service: a repeat of a flow already let in, or the first of one that a grant is consumed for.
[[nodiscard]] Decision judge_flow(const PacketView& packet, Instant now, const Policy& policy, Tables& tables) noexcept;

// A datagram to an SPA port. It is dropped whatever it achieves.
[[nodiscard]] Decision judge_spa(const PacketView& packet, Instant now, const Policy& policy, Tables& tables,
                                 spa::Opener& opener) noexcept;

// A packet for no service: a step of a knock sequence, or none. It is dropped whatever it achieves.
[[nodiscard]] Decision judge_knock(const PacketView& packet, Instant now, const Policy& policy,
                                   Tables& tables) noexcept;

}  // namespace postern
