// What every subcommand of `posternctl rules` works on: the options of its line, a policy, the backend that loads it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "posternctl/command.h"
#include "posternctl/rules_loader.h"

namespace postern::ctl {

struct RulesOptions {
    std::string backend;  // empty: as the policy says
    std::string iptables = "iptables";
    std::string family;  // render: 4, 6, or empty for both
};

using Loader = std::unique_ptr<RulesLoader>;

struct RulesJob {
    std::shared_ptr<const Policy> policy;
    rules::Inputs inputs;
    std::filesystem::path control_socket;
    Loader loader;
};

// Null where the policy has mistakes; every one of them is on standard error then.
[[nodiscard]] std::unique_ptr<RulesJob> rules_job(const Context& context, const RulesOptions& options);

// Every backend that may have loaded rules; with --backend, that one.
[[nodiscard]] std::vector<Loader> suspects(const RulesOptions& options);

// Complains, and is the exit code for it.
[[nodiscard]] Exit failed(const Error& error);

// How taking a backend's rules out fails.
[[nodiscard]] Exit may_stand(const RulesLoader& loader, const Error& error);

// --- the subcommands, a file each ----------------------------------------------------------------------------------

[[nodiscard]] Exit rules_render(const RulesJob& job, const RulesOptions& options);
[[nodiscard]] Exit rules_apply(const RulesJob& job, const RulesOptions& options);
[[nodiscard]] Exit rules_check(const RulesJob& job, const Context& context);

// Works without a policy, so that a broken one is no trap. What fails in one backend keeps nothing in the other.
[[nodiscard]] Exit rules_remove(const RulesOptions& options);

}  // namespace postern::ctl
