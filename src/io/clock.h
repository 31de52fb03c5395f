// The one place where the time is read.
#pragma once

#include "base/time.h"

namespace postern::io {

// CLOCK_BOOTTIME and CLOCK_REALTIME, one right after the other. Threads: any.
[[nodiscard]] Instant now() noexcept;

}  // namespace postern::io
