// SipHash-2-4 (Aumasson, Bernstein 2012) over short keys: which slot of a table, which shard of a lock.
//
// Keyed with a secret drawn at start, so that nobody outside can aim at one slot. It is a hash for tables, on the path
// of every packet; everything that proves something goes through Botan instead (noise/).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace postern {

using SipKey = std::array<std::uint8_t, 16>;

[[nodiscard]] std::uint64_t siphash(const SipKey& key, Bytes message) noexcept;

}  // namespace postern
