// What a recognised envelope holds and who sent it: from memory where it was read before, else by Noise.
#pragma once

#include <tl/expected.hpp>

#include "base/verdict.h"
#include "gate/policy.h"
#include "gate/tables.h"
#include "packet/view.h"
#include "spa/postern.h"

namespace postern {

using ReadResult = tl::expected<ReadMessage, Reason>;

// At most one Diffie-Hellman, within the budget of the packet's source; none for a datagram that was read before. The
// claims are proved by their client and not judged yet.
[[nodiscard]] ReadResult read_message(const spa::Envelope& envelope, const PacketView& packet, Instant now,
                                      const Policy& policy, Tables& tables, spa::Opener& opener);

}  // namespace postern
