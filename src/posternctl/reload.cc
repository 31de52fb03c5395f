// posternctl reload: the policy's files count from now on, in the daemon and in the rules.
//
// Whatever can be refused is asked first: no other apply waits for its confirmation, the policy is read, its rules are
// made and loaded into an empty network, the daemon takes the policy or does not. Only then do the rules change. In
// between the new policy is judged behind the old rules: a packet gets in where the old rules let it by or the new
// policy lets it in, and a forward_to that the old rules do not know waits for the new ones.
#include <fmt/format.h>

#include "io/privileges.h"
#include "posternctl/ask.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_store.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl reload                   the daemon follows the policy's files, and the rules that are in do\n"
    "  posternctl reload --confirm 60s     the same, the rules taken back in a minute unless they are confirmed\n"
    "  posternctl reload --daemon-only     without root: clients that came or went need no other rules\n\n"
    "The daemon reads the files that it was started with, and takes all of them or nothing. It keeps the new policy\n"
    "where nobody confirms the rules.";

struct ReloadOptions {
    std::shared_ptr<std::filesystem::path> socket;
    RulesOptions rules;
    bool daemon_only = false;
};

Exit reload_daemon(const Context& context, const ReloadOptions& options) {
    const auto result = ask_daemon(context, *options.socket, {control::Command::reload, {}});
    return result ? show(context, *result, control::read_reload_report) : result.error();
}

// What the daemon says of the rules is over once they are loaded; what the policy warns of is not.
Exit tell(const Context& context, const RulesJob& job, const std::string& result) {
    auto report = control::read_reload_report(result);
    if (!report) return failed(report.error());
    report->warnings = job.warnings;
    return show(context, control::to_json(*report), control::read_reload_report);
}

// Rules that nobody has put in, or that somebody took out, are not put in by the way: that would close the gate.
bool no_rules_meant(const RulesJob& job, const ReloadOptions& options) {
    if (options.rules.confirm) return false;
    const auto store = RulesStore::open(job.state_directory);
    const auto applied = store ? store->read(RulesStore::Set::applied) : tl::make_unexpected(store.error());
    return applied && !*applied;
}

Exit reload_all(const Context& context, ReloadOptions options) {
    if (!io::may_administer_network())
        return failed(
            {"loading rules needs CAP_NET_ADMIN: run as root, or reload the daemon alone with --daemon-only"});
    options.rules.quiet = context.json;
    Exit exit = Exit::ok;
    const auto job = rules_job(context, options.rules, exit);
    if (!job) return exit;
    if (no_rules_meant(*job, options)) {
        exit = reload_daemon(context, options);
        complain(
            "no rules are on record, and none were put in: `posternctl rules apply --confirm 60s` closes the gate");
        return exit;
    }
    if (const auto may = may_apply(*job, options.rules); !may) return failed(may.error());
    if (const auto tried = differences_of(*job->loader, job->wanted()); !tried) return failed(tried.error());
    const auto result = ask_daemon(context, *options.socket, {control::Command::reload, {}});
    if (!result) return result.error();
    const Exit applied = rules_apply(*job, options.rules);
    if (applied == Exit::ok) return tell(context, *job, *result);
    complain("the daemon has the new policy and the rules do not: `posternctl rules apply` brings them together");
    return applied;
}

}  // namespace

void add_reload(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("reload", "Make the daemon and the rules follow the policy's files");
    const auto options = std::make_shared<ReloadOptions>();
    options->socket = add_socket_option(*command);
    add_backend_options(*command, options->rules);
    CLI::Option* confirm = add_confirm_option(*command, options->rules);
    command->add_flag("--daemon-only", options->daemon_only, "leave the rules as they are; needs no root")
        ->excludes(confirm);
    command->footer(footer);
    command->callback([&context, &exit, options] {
        exit = options->daemon_only ? reload_daemon(context, *options) : reload_all(context, *options);
    });
}

}  // namespace postern::ctl
