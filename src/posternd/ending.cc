#include "posternd/ending.h"

#include "control/messages.h"
#include "gate/entitled.h"
#include "io/clock.h"
#include "log/ends.h"

namespace postern {
namespace {

constexpr Duration unconfirmed = std::chrono::seconds{10};  // longer than the kernel needs to confirm what we let in

const std::string not_yet = "its connection is not confirmed by the kernel yet; tried again every second";

void forget(Engine& engine, const NamedFlow& over, const CurrentPolicy::Pointer& names, WallTime now) {
    if (take_flow(engine.tables, over.key, over.flow.opened)) engine.tell(log::flow_event(over, names, now));
}

// Behind the mark: by then the RST that the kernel sends is dropped as everything else is.
void end_socket(Engine& engine, const NamedFlow& named, const netfilter::Connection& connection, Ended& into) {
    const auto ended = engine.sockets.destroy(connection);
    if (ended) return;
    into.warnings.push_back(control::flow_name(named.key) +
                            ": revoked, but its server's socket stays: " + ended.error().text);
}

}  // namespace

netfilter::Connection connection_of(const FlowKey& key) {
    return {key.protocol(), key.source, key.destination, key.source_port, key.destination_port};
}

Ended end_flows(Engine& engine, Ending why, const std::function<bool(const NamedFlow&)>& doomed) {
    (void)end_flows(engine.tables, why, doomed);
    return end_in_kernel(engine, engine.current.get());
}

void end_flows_over(Engine& engine, const CurrentPolicy::Pointer& names) {
    const Instant now = io::now();
    const auto policy = engine.current.get();
    const auto why = [&](const NamedFlow& named) { return ending_of(named, now, *policy); };
    if (end_flows(engine.tables, why) > 0) (void)end_in_kernel(engine, names);
}

Ended end_in_kernel(Engine& engine, const CurrentPolicy::Pointer& names) {
    Ended ended;
    const MarkField field = engine.current.get()->gateway.mark;
    const Instant now = io::now();
    for (const NamedFlow& named : ended_flows_in(engine.tables)) {
        const auto connection = connection_of(named.key);
        const auto set = engine.conntrack.set_mark(connection, {field.bits(Mark::revoked), field.mask});
        if (set && *set) end_socket(engine, named, connection, ended);
        if (set && (*set || now.steady - named.flow.opened > unconfirmed))
            forget(engine, named, names, now.wall), ++ended.done;
        else
            ended.pending.push_back(control::flow_name(named.key) + ": " + (set ? not_yet : set.error().text));
    }
    engine.ends_pending = !ended.pending.empty();
    return ended;
}

}  // namespace postern
