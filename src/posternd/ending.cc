#include "posternd/ending.h"

#include "control/messages.h"
#include "gate/entitled.h"
#include "io/clock.h"
#include "posternd/events.h"

namespace postern {
namespace {

constexpr Duration unconfirmed = std::chrono::seconds{10};  // longer than the kernel needs to confirm what we let in

const std::string not_yet = "its connection is not confirmed by the kernel yet; tried again every second";

void forget(House& house, const NamedFlow& over, const CurrentPolicy::Pointer& names, WallTime now) {
    (void)take_flows(house.tables, [&](const NamedFlow& named) { return named.flow.ended() && named.key == over.key; });
    house.tell(flow_event(what_ended(over.flow), over, names, now));
}

// Behind the mark: by then the RST that the kernel sends is dropped as everything else is.
void end_socket(House& house, const NamedFlow& named, const netfilter::Connection& connection, Ended& into) {
    const auto ended = house.sockets.destroy(connection);
    if (ended) return;
    into.warnings.push_back(control::flow_name(named.key) +
                            ": revoked, but its server's socket stays: " + ended.error().text);
}

}  // namespace

log::What what_ended(const Flow& flow) noexcept {
    switch (flow.ending) {
        case Ending::revoked: return log::What::revoked;
        case Ending::session_max: return log::What::session_max;
        case Ending::client_expired: return log::What::client_expired;
        case Ending::withdrawn: return log::What::withdrawn;
        case Ending::close_knock: return log::What::close_knock;
        case Ending::none: break;
    }
    return log::What::closed;
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
    for (const NamedFlow& named : flows_in(house.tables)) {
        if (!named.flow.ended()) continue;
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
