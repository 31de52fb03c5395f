// Ends grants and flows on an operator's word.
#pragma once

#include "control/messages.h"
#include "posternd/engine.h"

namespace postern {

// posternd/ending.h says how a flow ends. Thread: main.
[[nodiscard]] Result<control::RevokeReport> revoke(Engine& engine, const control::RevokeRequest& request);

}  // namespace postern
