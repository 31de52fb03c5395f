// What every subcommand of `posternctl rules` works on: the options of its line, a policy, the backend that loads it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "posternctl/adopt.h"
#include "posternctl/command.h"
#include "posternctl/rules_loader.h"
#include "rules/numbers.h"

namespace postern::ctl {

struct RulesOptions {
    std::string backend;  // empty: as the policy says
    std::string iptables = "iptables";
    std::string family;                           // render: 4, 6, or empty for both
    std::filesystem::path state;                  // empty: state.directory of the policy
    std::optional<std::chrono::seconds> confirm;  // apply: how long to wait for `rules confirm`
    std::string from;                             // check: the address in question; empty: the caller's own
    AdoptionTime adopt;                           // apply
    bool once = false;                            // boot: not where rules were put in since the host started
    bool quiet = false;                           // apply: only warnings and errors
};

// --backend and --iptables, for every command that loads rules.
void add_backend_options(CLI::App& command, RulesOptions& options);

// --confirm, for those that can be taken back.
CLI::Option* add_confirm_option(CLI::App& command, RulesOptions& options);

using Loader = std::unique_ptr<RulesLoader>;

struct RulesJob {
    std::shared_ptr<const Policy> policy;  // with the marks of these rules
    rules::Inputs inputs;
    std::filesystem::path control_socket;
    std::filesystem::path state_directory;
    Loader loader;
    std::uint64_t digest = 0;  // of what they say
    std::filesystem::path numbers_file;
    std::vector<std::string> warnings;  // of the policy, a line each

    // What apply loads.
    [[nodiscard]] rules::Loadable wanted() const;
};

// Null where the policy has mistakes, or the numbers beside it cannot be read; all of it is on standard error then, and
// `exit` is set.
[[nodiscard]] std::unique_ptr<RulesJob> rules_job(const Context& context, const RulesOptions& options, Exit& exit);

// Where the confirmed sets are: --state, or what the policy says as far as it can be read, or the usual place.
[[nodiscard]] std::filesystem::path state_directory(const Context& context, const RulesOptions& options);

// Every backend that may have loaded rules; with --backend, that one.
[[nodiscard]] std::vector<Loader> suspects(const RulesOptions& options);

// Complains, and is the exit code for it.
[[nodiscard]] Exit failed(const Error& error);

// How taking a backend's rules out fails.
[[nodiscard]] Exit may_stand(const RulesLoader& loader, const Error& error);

// --- the subcommands, a file each ----------------------------------------------------------------------------------

[[nodiscard]] Exit rules_render(const RulesJob& job, const RulesOptions& options);
[[nodiscard]] Exit rules_apply(const RulesJob& job, const RulesOptions& options);

// An Error where apply would be refused because another one waits for its confirmation. Ask it before what cannot be
// undone.
[[nodiscard]] Result<void> may_apply(const RulesJob& job, const RulesOptions& options);
[[nodiscard]] Exit rules_check(const RulesJob& job, const RulesOptions& options, const Context& context);
[[nodiscard]] Exit rules_confirm(const std::filesystem::path& state_directory);

// Loads the confirmed set; where it is lost, an emergency set, and that is a failure. The policy is only a last resort.
[[nodiscard]] Exit rules_boot(const Context& context, const RulesOptions& options);
[[nodiscard]] Exit rules_emergency(const Context& context, const RulesOptions& options);

// Runs until SIGTERM or SIGINT.
[[nodiscard]] Exit rules_watch(const Context& context, const RulesOptions& options);

// Works without a policy, so that a broken one is no trap. What fails in one backend keeps nothing in the other.
[[nodiscard]] Exit rules_remove(const Context& context, const RulesOptions& options);

}  // namespace postern::ctl
