// The kernel's randomness, good enough for keys.
#pragma once

#include "base/bytes.h"

namespace postern::io {

// Waits, early in the boot, until the kernel has gathered enough. Aborts where there is none: no key is better than a
// guessable one. Threads: any.
void fill_random(MutableBytes bytes) noexcept;

}  // namespace postern::io
