// Inside of packet/: the IP headers of either family, from the first byte up to the transport header.
//
// Each reader fills the fields of the view as far as it gets and returns what lies behind the headers, cut to the
// length that the IP header names. Nothing means malformed: short, or at odds with itself.
#pragma once

#include <optional>

#include "packet/view.h"

namespace postern::detail {

// RFC 791. Options are skipped, and the header checksum is the kernel's business.
[[nodiscard]] std::optional<Bytes> read_ipv4(Bytes packet, PacketView& view) noexcept;

// RFC 8200. Behind a fragment header with an offset nothing more is walked: those bytes are the middle of something.
[[nodiscard]] std::optional<Bytes> read_ipv6(Bytes packet, PacketView& view) noexcept;

}  // namespace postern::detail
