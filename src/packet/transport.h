// Inside of packet/: the transport header, by the last next-header value.
#pragma once

#include "packet/view.h"

namespace postern::detail {

// `segment` begins with the transport header that view.protocol names, and the view tells whether it is a first
// fragment. False means malformed; the view then has no transport and no payload.
[[nodiscard]] bool read_transport(Bytes segment, PacketView& view) noexcept;

}  // namespace postern::detail
