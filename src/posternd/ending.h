// Ends flows although their two ends still use them: in the gate's tables at once, in the kernel right behind.
//
// In the kernel a flow ends by its connection mark: the static rules then drop it both ways, whoever talks. The
// server's own socket goes too, where there is one (netfilter/socket_diag.h says why). All of this is the main
// thread's; a worker whose decision ends flows sets Flow::ending and wakes `Engine::endings_waker`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gate/inventory.h"
#include "netfilter/conntrack.h"
#include "posternd/engine.h"

namespace postern {

// The flow as conntrack names it.
[[nodiscard]] netfilter::Connection connection_of(const FlowKey& key);

struct Ended {
    std::size_t done = 0;               // in the kernel now, or their connections were over
    std::vector<std::string> pending;   // one line for each that is not there yet
    std::vector<std::string> warnings;  // one line for each that is, but whose server's socket could not be ended
};

// Ends the flows for which `doomed` holds, and logs each with the word of `why` once the kernel has it.
Ended end_flows(Engine& engine, Ending why, const std::function<bool(const NamedFlow&)>& doomed);

// Ends what the policy in force does not let go on: its client or service is gone, or its time is over. `names` as
// below. Costs a look at every flow; a second between two calls is enough.
void end_flows_over(Engine& engine, const CurrentPolicy::Pointer& names);

// Carries to the kernel what was ended in the tables. The maintenance calls it again every second while something is
// left. `names` has the clients and services as the log is to call them.
Ended end_in_kernel(Engine& engine, const CurrentPolicy::Pointer& names);

}  // namespace postern
