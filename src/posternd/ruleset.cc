#include "posternd/ruleset.h"

#include <thread>

#include "config/numbers_file.h"
#include "io/clock.h"
#include "posternd/engine.h"
#include "rules/numbers.h"

namespace postern {
namespace {

constexpr Duration patience = std::chrono::seconds{5};
constexpr std::chrono::milliseconds pause{1};  // a batch takes less

// False where a worker's batch takes longer than the patience.
bool all_settled(const Engine& engine) {
    const SteadyTime end = io::now().steady + patience;
    for (const WorkerThread& each : engine.workers) {
        const std::uint64_t seen = each.worker->turns();
        while (seen % 2 == 1 && each.worker->turns() == seen) {
            if (io::now().steady >= end) return false;
            std::this_thread::sleep_for(pause);
        }
    }
    return true;
}

control::RulesetReport report_on(const Policy& policy, std::uint64_t generation) {
    control::RulesetReport report;
    report.generation = generation;
    for (const Service& service : policy.services)
        if (!service.forward_to.empty()) ++(service.mark == Mark::none ? report.waiting : report.forwarded);
    return report;
}

}  // namespace

PolicyInForce in_force(const Policy& policy, const std::filesystem::path& numbers_file) {
    const auto numbers = config::read_numbers(numbers_file);
    const rules::Numbers known = numbers.value_or(rules::Numbers{});
    return {rules::with_marks(policy, known, known.applied), known.applied,
            numbers ? std::string{} : numbers.error().text};
}

std::vector<std::string> forward_warnings(const Policy& policy, const std::string& trouble) {
    std::vector<std::string> warnings;
    if (!trouble.empty()) warnings.push_back("nothing is forwarded: " + trouble);
    for (const Service& service : policy.services)
        if (!service.forward_to.empty() && service.mark == Mark::none)
            warnings.push_back("service " + service.name +
                               " lets nobody in: the rules in force do not know its forward_to; "
                               "`posternctl rules apply` loads it");
    return warnings;
}

Result<control::RulesetReport> take_ruleset(Engine& engine) {
    const auto before = engine.current.get();
    PolicyInForce next = in_force(*before, engine.settings.numbers_file);
    auto policy = std::make_shared<Policy>(*next.policy);
    policy->generation = before->generation + 1;
    engine.put_in_force({policy, next.ruleset, next.trouble});
    if (!next.trouble.empty()) return failure(next.trouble);
    control::RulesetReport report = report_on(*policy, next.ruleset);
    report.settled = all_settled(engine) ? 1 : 0;
    return report;
}

}  // namespace postern
