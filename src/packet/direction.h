// Which way a captured packet went, seen from the host that captured it.
#pragma once

#include <cstdint>

namespace postern {

enum class Direction : std::uint8_t { unknown, incoming, outgoing, other_host, loopback };

}  // namespace postern
