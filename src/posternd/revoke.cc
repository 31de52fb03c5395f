#include "posternd/revoke.h"

#include "gate/inventory.h"
#include "io/clock.h"
#include "log/ends.h"
#include "posternd/ending.h"

namespace postern {
namespace {

using control::RevokeRequest;
using Target = RevokeRequest::Target;

struct Doomed {
    std::function<bool(const Grant&)> grant;
    std::function<bool(const NamedFlow&)> flow;
};

Result<Doomed> doomed_by(const RevokeRequest& request, const Engine& engine) {
    if (request.target == Target::all) return Doomed{[](auto&) { return true; }, [](auto&) { return true; }};
    if (request.target == Target::grant) {
        const GrantId id{request.grant};
        return Doomed{[id](const Grant& grant) { return grant.id == id; },
                      [id](const NamedFlow& named) { return named.flow.grant == id; }};
    }
    if (request.target == Target::flow)
        return Doomed{[](auto&) { return false; },
                      [name = request.name](const NamedFlow& named) { return control::flow_name(named.key) == name; }};
    const auto client = engine.clients_by_name.find(request.name);
    if (client == engine.clients_by_name.end())
        return failure("no client \"" + request.name +
                       "\" since the daemon started; `posternctl clients list` names them");
    return Doomed{[id = client->second](const Grant& grant) { return grant.client == id; },
                  [id = client->second](const NamedFlow& named) { return named.flow.client == id; }};
}

}  // namespace

Result<control::RevokeReport> revoke(Engine& engine, const RevokeRequest& request) {
    const auto policy = engine.current.get();
    const auto doomed = doomed_by(request, engine);
    if (!doomed) return tl::make_unexpected(doomed.error());
    const WallTime now = io::now().wall;
    control::RevokeReport report;
    for (const Grant& grant : take_grants(engine.tables, doomed->grant)) {
        ++report.grants;
        engine.tell(log::grant_event(log::What::revoked, grant, policy, now));
    }
    Ended ended = end_flows(engine, Ending::revoked, doomed->flow);
    report.flows = ended.done;
    report.failures = std::move(ended.pending);
    for (std::string& warning : ended.warnings) report.failures.push_back(std::move(warning));
    const bool named_one = request.target == Target::grant || request.target == Target::flow;
    if (named_one && report.grants + report.flows == 0 && report.failures.empty())
        return failure("nothing is known by that " + std::string{request.target == Target::grant ? "grant" : "flow"});
    return report;
}

}  // namespace postern
