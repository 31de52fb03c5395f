// The main thread's life beside the workers: signals, posternctl, and a look around every second.
#pragma once

#include "posternd/start.h"

namespace postern {

// Until SIGTERM or SIGINT, or until a worker fails. What waits in the queues is judged and settled before it returns.
[[nodiscard]] Result<void> serve(Daemon& daemon);

}  // namespace postern
