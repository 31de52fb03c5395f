#include "posternd/ending.h"

#include "control/messages.h"
#include "gate/entitled.h"
#include "io/clock.h"
#include "log/ends.h"

namespace postern {
namespace {

constexpr Duration unconfirmed = std::chrono::seconds{10};  // longer than the kernel needs to confirm what we let in

const std::string not_yet = "its connection is not confirmed by the kernel yet; tried again every second";

void forget(House& house, const NamedFlow& over, const CurrentPolicy::Pointer& names, WallTime now) {
    if (take_flow(house.tables, over.key, over.flow.opened)) house.tell(log::flow_event(over, names, now));
}

// Behind the mark: by then the RST that the kernel sends is dropped as everything else is.
void end_socket(House& house, const NamedFlow& named, const netfilter::Connection& connection, Ended& into) {
    const auto ended = house.sockets.destroy(connection);
    if (ended) return;
    into.warnings.push_back(control::flow_name(named.key) +
                            ": revoked, but its server's socket stays: " + ended.error().text);
}

}  // namespace

netfilter::Connection connection_of(const FlowKey& key) {
    return {key.protocol(), key.source, key.destination, key.source_port, key.destination_port};
}

Ended end_flows(House& house, Ending why, const std::function<bool(const NamedFlow&)>& doomed) {
    (void)end_flows(house.tables, why, doomed);
    return end_in_kernel(house, house.current.get());
}

void end_flows_over(House& house, const CurrentPolicy::Pointer& names) {
    const Instant now = io::now();
    const auto policy = house.current.get();
    const auto why = [&](const NamedFlow& named) { return ending_of(named, now, *policy); };
    if (end_flows(house.tables, why) > 0) (void)end_in_kernel(house, names);
}

Ended end_in_kernel(House& house, const CurrentPolicy::Pointer& names) {
    Ended ended;
    const MarkField field = house.current.get()->gateway.mark;
    const Instant now = io::now();
    for (const NamedFlow& named : ended_flows_in(house.tables)) {
        const auto connection = connection_of(named.key);
        const auto set = house.conntrack.set_mark(connection, {field.bits(Mark::revoked), field.mask});
        if (set && *set) end_socket(house, named, connection, ended);
        if (set && (*set || now.steady - named.flow.opened > unconfirmed))
            forget(house, named, names, now.wall), ++ended.done;
        else
            ended.pending.push_back(control::flow_name(named.key) + ": " + (set ? not_yet : set.error().text));
    }
    house.ends_pending = !ended.pending.empty();
    return ended;
}

}  // namespace postern
