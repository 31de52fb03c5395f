// Which address a message claims for the flow that will follow it. Pure: the addresses are handed in.
#pragma once

#include <optional>
#include <string_view>

#include "base/address.h"
#include "spa/claims.h"

namespace postern::client {

// How the profile or --source wants the source named.
enum class SourceMode : std::uint8_t {
    automatic,  // `auto`: exact, unless an IPv4 translator must stand between
    exact,      // this host's own address and no other
    as_seen,    // whatever address the datagram arrives from
};

[[nodiscard]] std::optional<SourceMode> parse_source_mode(std::string_view word);

// Whether an IPv4 address means nothing on the Internet: RFC 1918, RFC 3927 link-local, RFC 6598 shared space.
// False for every IPv6 address: nobody translates those on the way.
[[nodiscard]] bool is_private(const IpAddress& address) noexcept;

// The claim for a flow from `local` to `gateway`, both of one family. A private IPv4 source that reaches a public
// gateway was translated on the way, and the client cannot know to what: as_seen.
[[nodiscard]] spa::AddressClaim claim_source(SourceMode mode, const IpAddress& local,
                                             const IpAddress& gateway) noexcept;

}  // namespace postern::client
