// Ends grants and flows on an operator's word.
#pragma once

#include "control/messages.h"
#include "posternd/house.h"

namespace postern {

// posternd/ending.h says how a flow ends. Thread: main.
[[nodiscard]] Result<control::RevokeReport> revoke(House& house, const control::RevokeRequest& request);

}  // namespace postern
