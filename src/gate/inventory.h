// What is in the tables, for an operator to see and to end. None of it is on the path of a packet.
//
// Each call visits shard after shard under its own lock, so what it returns was true of each shard at some instant of
// the call, not of all at one.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "gate/tables.h"

namespace postern {

struct NamedFlow {
    FlowKey key;
    Flow flow;
};

struct Fill {
    std::size_t grants = 0;  // the lingering ones included
    std::size_t flows = 0;
    std::size_t knocking = 0;  // sources
};
[[nodiscard]] Fill fill_of(Tables& tables);

[[nodiscard]] std::vector<Grant> grants_in(Tables& tables);  // the lingering ones included
[[nodiscard]] std::vector<NamedFlow> flows_in(Tables& tables);
[[nodiscard]] std::vector<NamedFlow> ended_flows_in(Tables& tables);  // those that wait for the kernel

// Ends the flows for which `doomed` holds, as far as the gate goes: from then on not even their first packet's twin is
// let in. Returns how many were not ended before. Whoever calls it sees to it that the kernel's connections follow.
std::size_t end_flows(Tables& tables, Ending why, const std::function<bool(const NamedFlow&)>& doomed);

// The same, each for a reason of its own; Ending::none lets it be.
std::size_t end_flows(Tables& tables, const std::function<Ending(const NamedFlow&)>& why);

// The flow that a tuple names.
[[nodiscard]] std::optional<Flow> find_flow(Tables& tables, const FlowKey& key);

// Enters a flow that another process let in, before the workers start; false where there is no room.
bool put_flow(Tables& tables, const NamedFlow& named);

// Takes it out where it is still the one that was opened then.
std::optional<NamedFlow> take_flow(Tables& tables, const FlowKey& key, SteadyTime opened);

// Takes out what `doomed` says and returns it. `doomed` is called under a shard's lock: no slow work.
std::vector<Grant> take_grants(Tables& tables, const std::function<bool(const Grant&)>& doomed);
std::vector<NamedFlow> take_flows(Tables& tables, const std::function<bool(const NamedFlow&)>& doomed);

}  // namespace postern
