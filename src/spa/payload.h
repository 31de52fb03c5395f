// Claims as bytes and back: the payload of the Noise message. One spelling per meaning: whatever decodes encodes to the
// same bytes again.
//
// Records type[1] | length[1] | value, in ascending order of type, each at most once but `service`; then zero bytes.
//
//     type  name         length  value
//     1     kind         1       1: open. The first record; other kinds are not in this version
//     2     attempt      16      the attempt id
//     3     time         8       nanoseconds since 1970, below 2^63
//     4     service      1..32   a name of [a-z0-9-]; 1 to 8 records in strictly ascending byte order
//     5     window       4       seconds, 1 to 86 400; absent: whatever the gateway gives
//     6     ipv4         0 | 4   the flow comes from: 0 as seen, 4 this address; absent: no flow over IPv4
//     7     ipv6         0 | 16  the same for IPv6; one of the two must be there
//     8     source port  2       of the flow, 1 to 65535; absent: any
//     0     padding              no length: this byte and all behind it are zero, and that is checked
#pragma once

#include <cstdint>
#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/verdict.h"
#include "spa/claims.h"

namespace postern::spa {

inline constexpr std::size_t most_services = 8;
inline constexpr std::size_t longest_service_name = 32;
inline constexpr Duration longest_window = std::chrono::hours{24};

// A name of 1 to 32 letters a to z, digits and hyphens.
[[nodiscard]] bool is_service_name(std::string_view name) noexcept;

// The records without padding. Nothing where the claims have no encoding: a name, a window or a time out of range, a
// name twice, no name, no address. Services are put in order.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> encode(Claims claims);

// spa_kind where the first record is of a kind other than open; spa_payload for everything else that is not as above.
[[nodiscard]] tl::expected<Claims, Reason> decode(Bytes payload);

}  // namespace postern::spa
