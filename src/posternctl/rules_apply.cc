// posternctl rules apply: puts the rules in, and says what they guard less than their reader may think.
#include <fmt/format.h>

#include "posternctl/ask.h"
#include "posternctl/interfaces.h"
#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

// Two gates in a row would ask the daemon twice; what the other backend has left goes last.
Exit remove_other(const RulesJob& job, const RulesOptions& options) {
    const bool nftables = job.loader->name() == "nftables";
    const Loader other = nftables ? iptables_loader(options.iptables) : nftables_loader();
    const Result<Removal> removed = other->remove();
    if (!removed) return may_stand(*other, removed.error());
    if (*removed == Removal::done) fmt::print("rules of the backend {} are taken out\n", other->name());
    return Exit::ok;
}

// What makes rules that stand guard less, or let in nothing.
void warn_about(const RulesJob& job) {
    for (const std::string& warning : interface_warnings(*job.policy)) warn(warning);
    if (nobody_listens(job.control_socket))
        warn(fmt::format("no daemon answers at {}: every new connection is dropped until posternd runs",
                         job.control_socket.string()));
}

}  // namespace

// Rules that stand as they should are not touched: their counters go on.
Exit rules_apply(const RulesJob& job, const RulesOptions& options) {
    const Result<rules::Findings> findings = job.loader->check(*job.policy, job.inputs);
    const bool stand = findings && findings->empty();
    if (!stand)
        if (const Result<void> done = job.loader->apply(*job.policy, job.inputs); !done) return failed(done.error());
    fmt::print("{} ({})\n", stand ? "guarded already" : "guarded", job.loader->name());
    warn_about(job);
    return remove_other(job, options);
}

}  // namespace postern::ctl
