// posternctl rules remove: takes the rules out, of every backend that may have loaded some.
#include <fmt/format.h>

#include <algorithm>

#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

std::string no_tool(const RulesOptions& options) {
    if (options.backend.empty()) return "neither nft nor iptables is installed";
    return fmt::format("the tool of the backend {0} is not installed; the package {0} brings it", options.backend);
}

}  // namespace

Exit rules_remove(const RulesOptions& options) {
    Exit exit = Exit::ok;
    Removal most = Removal::no_tool;
    for (const Loader& loader : suspects(options)) {
        const Result<Removal> removed = loader->remove();
        if (!removed) exit = may_stand(*loader, removed.error());
        most = std::max(most, removed.value_or(Removal::no_rules));
    }
    if (most == Removal::no_tool) return failed({no_tool(options)});
    if (exit == Exit::ok) fmt::print("{}\n", most == Removal::done ? "no longer guarded" : "there were no rules");
    return exit;
}

}  // namespace postern::ctl
