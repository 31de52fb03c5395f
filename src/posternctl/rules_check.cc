// posternctl rules check: whether the rules stand as apply would leave them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "posternctl/interfaces.h"
#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

void print(const RulesJob& job, const rules::Findings& findings) {
    using nlohmann::json;
    const json document{{"guarded", findings.empty()},
                        {"backend", job.loader->name()},
                        {"differences", findings},
                        {"warnings", interface_warnings(*job.policy)}};
    fmt::print("{}\n", document.dump(2, ' ', false, json::error_handler_t::replace));
}

void tell(const RulesJob& job, const rules::Findings& findings) {
    if (findings.empty()) fmt::print("guarded ({})\n", job.loader->name());
    for (const std::string& finding : findings) fmt::print("{}\n", finding);
    for (const std::string& warning : interface_warnings(*job.policy)) warn(warning);
}

}  // namespace

Exit rules_check(const RulesJob& job, const Context& context) {
    const Result<rules::Findings> findings = differences_of(*job.loader, job.wanted());
    if (!findings) return failed(findings.error());
    if (context.json)
        print(job, *findings);
    else
        tell(job, *findings);
    return findings->empty() ? Exit::ok : Exit::failed;
}

}  // namespace postern::ctl
