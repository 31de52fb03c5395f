// posternctl rules render: the text that apply would load.
#include <fmt/format.h>

#include "posternctl/rules_job.h"

namespace postern::ctl {

// The sets of iptables are not among it: they are made by ipset.
Exit rules_render(const RulesJob& job, const RulesOptions& options) {
    for (const rules::Part& part : job.loader->loadable(*job.policy, job.inputs).parts) {
        const bool one_family = part.name == "v4" || part.name == "v6";
        if (part.name == "ipset" || (one_family && options.family == (part.name == "v4" ? "6" : "4"))) continue;
        fmt::print("{}", part.text);
    }
    return Exit::ok;
}

}  // namespace postern::ctl
