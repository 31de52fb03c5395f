// Which rules are in force, and so where services are forwarded to: read from the file that posternctl keeps beside the
// policy. A service whose forward_to these rules do not know lets nobody in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/messages.h"
#include "gate/policy.h"

namespace postern {

struct Engine;

// A policy as the rules in force can carry it out.
struct PolicyInForce {
    std::shared_ptr<const Policy> policy;
    std::uint64_t ruleset = 0;  // generation of the rules; 0: none were applied, or the file cannot be read
    std::string trouble;        // why the file cannot be read; empty: it can, or there is none yet
};
[[nodiscard]] PolicyInForce in_force(const Policy& policy, const std::filesystem::path& numbers_file);

// One line for each service that is not forwarded yet, and for a file that cannot be read.
[[nodiscard]] std::vector<std::string> forward_warnings(const Policy& policy, const std::string& trouble);

// Other rules are in force: the policy goes on with their marks. Returns when every worker has settled what it judged
// by the ones before. Thread: main.
[[nodiscard]] Result<control::RulesetReport> take_ruleset(Engine& engine);

}  // namespace postern
