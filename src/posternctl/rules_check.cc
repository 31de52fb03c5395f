// posternctl rules check: whether the rules stand as apply would leave them, whom they would shut out, and what of
// this host's network they would hurt.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "posternctl/caller.h"
#include "posternctl/host_survey.h"
#include "posternctl/interfaces.h"
#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

using nlohmann::json;

// What is said besides the differences.
struct Told {
    std::vector<std::string> warnings;
    survey::Findings network;
    std::optional<survey::Admission> caller;
};

// Two gates in a row would ask the daemon twice, or one would drop what the other lets in.
rules::Findings beside(const RulesJob& job, const RulesOptions& options) {
    rules::Findings found;
    for (const auto& loader : {nftables_loader(), iptables_loader(options.iptables)}) {
        if (loader->name() == job.loader->name()) continue;
        const auto listing = loader->listing();
        if (listing && loader->stands(*listing))
            found.push_back(fmt::format("{}: rules of ours stand there, too; `posternctl rules apply` takes them out",
                                        loader->name()));
    }
    return found;
}

// All of them missing is one thing to say.
bool none_stand(const RulesJob& job) {
    const auto listing = job.loader->listing();
    return listing && !job.loader->stands(*listing);
}

Told look_around(const RulesJob& job, const RulesOptions& options) {
    Told told{interface_warnings(*job.policy), survey_host(*job.policy, options.iptables), {}};
    const auto who = caller(options.from);
    if (!who)
        told.warnings.push_back("whether a new connection of yours would be let in is not known: " + who.error().text);
    else if (*who)
        told.caller = survey::admission(*job.policy, **who);
    return told;
}

json to_json(const survey::Findings& findings) {
    json all = json::array();
    for (const survey::Finding& one : findings)
        all.push_back({{"kind", one.kind}, {"text", one.text}, {"advice", one.advice}});
    return all;
}

json to_json(const std::optional<survey::Admission>& caller) {
    if (!caller) return nullptr;
    return {{"admitted", caller->admitted}, {"by", caller->by}, {"text", caller->text}};
}

void print(const RulesJob& job, const rules::Findings& differences, const Told& told) {
    const json document{{"guarded", differences.empty()},   {"backend", job.loader->name()},
                        {"differences", differences},       {"warnings", told.warnings},
                        {"network", to_json(told.network)}, {"caller", to_json(told.caller)}};
    fmt::print("{}\n", document.dump(2, ' ', false, json::error_handler_t::replace));
}

// Standard output has the differences alone.
void print_text(const RulesJob& job, const rules::Findings& differences, const Told& told) {
    if (differences.empty()) fmt::print("guarded ({})\n", job.loader->name());
    for (const std::string& difference : differences) fmt::print("{}\n", difference);
    std::fflush(stdout);
    for (const std::string& warning : told.warnings) warn(warning);
    for (const survey::Finding& finding : told.network) warn(survey::to_text(finding));
    if (told.caller) told.caller->admitted ? complain(told.caller->text) : warn(told.caller->text);
}

}  // namespace

Exit rules_check(const RulesJob& job, const RulesOptions& options, const Context& context) {
    Result<rules::Findings> differences = differences_of(*job.loader, job.wanted());
    if (!differences) return failed(differences.error());
    if (differences->size() > 1 && none_stand(job))
        *differences = {fmt::format("{}: all rules of ours are missing, and nothing is guarded", job.loader->name())};
    std::ranges::move(beside(job, options), std::back_inserter(*differences));
    const Told told = look_around(job, options);
    context.json ? print(job, *differences, told) : print_text(job, *differences, told);
    return differences->empty() ? Exit::ok : Exit::failed;
}

}  // namespace postern::ctl
