// What one message from the kernel's packet queue says: a packet, an error about a verdict, or nothing readable.
//
// Pure: bytes in, a view of them out. Attributes as in linux/netfilter/nfnetlink_queue.h; those we do not use are
// skipped.
#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"

namespace postern::netfilter {

// A packet that waits in the kernel for its verdict. The payload lives until the next receive.
struct QueuedPacket {
    std::uint32_t id = 0;           // counts the packets of this queue from 1, and wraps
    std::uint32_t mark = 0;         // the whole packet mark, others' bits included
    Bytes payload;                  // from the IP header on
    std::uint32_t full_length = 0;  // bytes of the packet; more than the payload where it was cut

    [[nodiscard]] bool cut() const noexcept { return payload.size() < full_length; }
};

// The kernel's answer to something we sent.
struct KernelError {
    int number = 0;  // an errno value; 0 is an acknowledgement
};

struct Unreadable {};

using QueueMessage = std::variant<Unreadable, KernelError, QueuedPacket>;

// `message` starts at a netlink header and is aligned to 4 bytes.
[[nodiscard]] QueueMessage parse_queue_message(Bytes message, std::uint16_t queue) noexcept;

}  // namespace postern::netfilter
