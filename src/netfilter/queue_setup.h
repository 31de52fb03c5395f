// Binds a netlink socket to one queue number and sets the queue's properties.
//
// Which packets come to the queue is the ruleset's; the loop over them is queue's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

struct QueueOptions {
    std::uint32_t length = 8192;       // packets that may wait for a verdict; 4096 to 16384 is sensible
    std::uint32_t copy_range = 65535;  // bytes of each packet
    std::size_t receive_buffer = 0;    // bytes of the socket's buffer; 0: what `length` full frames need
    bool report_overruns = false;      // ENOBUFS at an overrun, which then refuses everything until the buffer is empty
    int wake_fd = -1;  // an eventfd, say: readable means that receive() stops waiting. Not owned, not read
};

// A socket whose queue is live: packets arrive from now on.
struct BoundQueue {
    Netlink netlink;
    std::vector<std::string> warnings;  // what the kernel refused and we live without; one line each
};

// Needs CAP_NET_ADMIN over the network namespace.
[[nodiscard]] Result<BoundQueue> bind_queue(std::uint16_t queue, const QueueOptions& options);

}  // namespace postern::netfilter
