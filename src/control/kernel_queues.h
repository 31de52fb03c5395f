// What the kernel alone counts of its queues.
#pragma once

#include <string_view>

#include "control/messages.h"

namespace postern::control {

// Fills in `queue_full` of every queue that has a line in the text of /proc/net/netfilter/nfnetlink_queue, and warns of
// what was dropped.
void add_kernel_counts(Status& status, std::string_view proc_nfnetlink_queue);

}  // namespace postern::control
