// Whether the kernel takes a packet's IP header at all: what it refuses, no rule ever sees.
#pragma once

#include "base/bytes.h"

namespace postern::explain {

// Version, lengths and checksum of IPv4; version, lengths, a hop-by-hop header that fits and no impossible address of
// IPv6.
[[nodiscard]] bool kernel_takes(Bytes packet) noexcept;

}  // namespace postern::explain
