// Carries bytes between a connection and standard input and output until both directions have ended.
#pragma once

#include "base/result.h"
#include "postern/sockets.h"

namespace postern::client {

// Each direction ends by itself: the end of `input` closes the connection's sending half, and the end of the connection
// closes `output`. Takes `output` over and closes it. Returns when both have ended; an Error when the connection broke.
[[nodiscard]] Result<void> relay(const Socket& connection, int input, int output);

}  // namespace postern::client
