// Standard output, which may be a full disk: whether what was printed has arrived.
#pragma once

#include "base/result.h"

namespace postern::io {

// Writes out what the program has printed so far. An Error also for what was lost before.
[[nodiscard]] Result<void> flush_output();

}  // namespace postern::io
