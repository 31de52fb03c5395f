#include "posternd/revoke.h"

#include <algorithm>

#include "gate/inventory.h"
#include "io/clock.h"
#include "posternd/events.h"

namespace postern {
namespace {

constexpr Duration unconfirmed = std::chrono::seconds{10};  // longer than the kernel needs to confirm what we let in

using control::RevokeRequest;
using Target = RevokeRequest::Target;

netfilter::MaskedMark revoked_mark(const MarkField& field) { return {field.bits(Mark::revoked), field.mask}; }

struct Doomed {
    std::function<bool(const Grant&)> grant;
    std::function<bool(const NamedFlow&)> flow;
};

Result<Doomed> doomed_by(const RevokeRequest& request, const House& house) {
    if (request.target == Target::all) return Doomed{[](auto&) { return true; }, [](auto&) { return true; }};
    if (request.target == Target::grant) {
        const GrantId id{request.grant};
        return Doomed{[id](const Grant& grant) { return grant.id == id; },
                      [id](const NamedFlow& named) { return named.flow.grant == id; }};
    }
    if (request.target == Target::flow)
        return Doomed{[](auto&) { return false; },
                      [name = request.name](const NamedFlow& named) { return control::flow_name(named.key) == name; }};
    const auto client = house.clients_by_name.find(request.name);
    if (client == house.clients_by_name.end())
        return failure("no client \"" + request.name +
                       "\" since the daemon started; `posternctl clients list` names them");
    return Doomed{[id = client->second](const Grant& grant) { return grant.client == id; },
                  [id = client->second](const NamedFlow& named) { return named.flow.client == id; }};
}

const std::string not_yet = "its connection is not confirmed by the kernel yet; tried again every second";

void forget(House& house, const NamedFlow& over, const CurrentPolicy::Pointer& policy, WallTime now) {
    (void)take_flows(house.tables, [&](const NamedFlow& named) { return named.flow.revoked && named.key == over.key; });
    house.tell(flow_event(log::What::revoked, over, policy, now));
}

// Behind the mark: by then the RST that the kernel sends is dropped as everything else is.
void end_socket(House& house, const NamedFlow& named, const netfilter::Connection& connection, Revocations& into) {
    const auto ended = house.sockets.destroy(connection);
    if (ended) return;
    into.warnings.push_back(control::flow_name(named.key) +
                            ": revoked, but its server's socket stays: " + ended.error().text);
}

}  // namespace

Result<control::RevokeReport> revoke(House& house, const RevokeRequest& request) {
    const auto policy = house.current.get();
    const auto doomed = doomed_by(request, house);
    if (!doomed) return tl::make_unexpected(doomed.error());
    const WallTime now = io::now().wall;
    control::RevokeReport report;
    for (const Grant& grant : take_grants(house.tables, doomed->grant)) {
        ++report.grants;
        house.tell(grant_event(log::What::revoked, grant, policy, now));
    }
    (void)revoke_flows(house.tables, doomed->flow);
    Revocations revocations = end_revoked_flows(house);
    report.flows = revocations.done;
    report.failures = std::move(revocations.pending);
    for (std::string& warning : revocations.warnings) report.failures.push_back(std::move(warning));
    const bool named_one = request.target == Target::grant || request.target == Target::flow;
    if (named_one && report.grants + report.flows == 0 && report.failures.empty())
        return failure("nothing is known by that " + std::string{request.target == Target::grant ? "grant" : "flow"} +
                       "; flows from before a restart of the daemon are not known in this version");
    return report;
}

Revocations end_revoked_flows(House& house) {
    Revocations revocations;
    const auto policy = house.current.get();
    const Instant now = io::now();
    for (const NamedFlow& named : flows_in(house.tables)) {
        if (!named.flow.revoked) continue;
        const auto connection = connection_of(named.key);
        const auto set = house.conntrack.set_mark(connection, revoked_mark(policy->gateway.mark));
        if (set && *set) end_socket(house, named, connection, revocations);
        if (set && (*set || now.steady - named.flow.opened > unconfirmed))
            forget(house, named, policy, now.wall), ++revocations.done;
        else
            revocations.pending.push_back(control::flow_name(named.key) + ": " + (set ? not_yet : set.error().text));
    }
    house.revoking = !revocations.pending.empty();
    return revocations;
}

}  // namespace postern
