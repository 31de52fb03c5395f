// Bytes to PacketView. Total: every input gives a view, and whatever is short or lying gives a malformed one.
//
// IPv4 (RFC 791) with options skipped, IPv6 (RFC 8200) with at most 16 extension headers walked, TCP (RFC 9293), UDP
// (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443), SCTP (RFC 9260), UDP-Lite (RFC 3828). Checksums are not judged: packets
// of local origin arrive before theirs is filled in.
#pragma once

#include "packet/view.h"

namespace postern {

// `packet` begins with the IP header. The view's payload points into it. Threads: any; allocates nothing.
[[nodiscard]] PacketView parse(Bytes packet) noexcept;

}  // namespace postern
