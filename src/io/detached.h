// A process that outlives the session that started it.
#pragma once

#include <functional>

#include "base/result.h"

namespace postern::io {

// Runs `work` in a process of its own: without our session, terminal, working directory, standard streams and
// descriptors, where possible outside of the control group in which a login's processes end, deaf to SIGHUP, SIGINT,
// SIGQUIT and SIGTERM. Returns in the caller when that process is about to call it; the process ends with `work`.
// Threads: the only one.
[[nodiscard]] Result<void> run_detached(const std::function<void()>& work);

}  // namespace postern::io
