// posternctl rules render: the text that apply would load.
#include <fmt/format.h>

#include "posternctl/rules_job.h"

namespace postern::ctl {

Exit rules_render(const RulesJob& job, const RulesOptions& options) {
    const Families families = options.family == "4"   ? Families::v4
                              : options.family == "6" ? Families::v6
                                                      : Families::both;
    fmt::print("{}", job.loader->render(*job.policy, job.inputs, families));
    return Exit::ok;
}

}  // namespace postern::ctl
