// posternctl rules: its subcommands, each of which is a file of its own.
#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  posternctl rules render                    what apply would load\n"
    "  posternctl rules apply                     guard the interfaces of the policy, from now on and at boot\n"
    "  posternctl rules apply --confirm 60s       the same, taken back in a minute unless somebody confirms it\n"
    "  posternctl rules confirm                   over a new connection: the rules may stay\n"
    "  posternctl rules check                     exit 0: guarded; 1: not, a line per difference\n"
    "  posternctl rules check --from 192.0.2.7    whether a new connection from there would be let in\n"
    "  posternctl rules remove                    stop guarding";

using Given = std::shared_ptr<const RulesOptions>;  // the callbacks hold it

// A subcommand that works on a policy.
template <class Work>
CLI::App* add(CLI::App& rules, const char* name, const char* help, const Context& context, Exit& exit,
              const Given& given, Work work) {
    return rules.add_subcommand(name, help)->callback([&context, &exit, given, work] {
        if (const auto one = rules_job(context, *given, exit)) exit = work(*one);
    });
}

void add_options(CLI::App& rules, RulesOptions& options) {
    add_backend_options(rules, options);
    rules.add_option("--family", options.family, "render: only the rules of IPv4 or IPv6 (iptables)")
        ->check(CLI::IsMember({"4", "6"}));
    rules.add_option("--state", options.state,
                     "where confirmed rules are kept (default: state.directory of the policy)");
    rules.add_option("--from", options.from, "check: the address whose new connections are in question")
        ->type_name("ADDRESS");
    rules
        .add_option_function<std::string>(
            "--adopt", [](const std::string&) {}, "apply: how long to learn sessions before anything is judged")
        ->type_name("TIME")
        ->check([&options](const std::string& text) { return read_adoption_time(text, options.adopt); });
}

// A subcommand that works without a policy, or with a broken one.
template <class Work>
CLI::App* add_alone(CLI::App& rules, const char* name, const char* help, Exit& exit, Work work) {
    return rules.add_subcommand(name, help)->callback([&exit, work] { exit = work(); });
}

}  // namespace

void add_rules(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* rules = app.add_subcommand("rules", "Render, apply, remove or check the rules of the kernel");
    rules->footer(examples);
    rules->require_subcommand(1);
    const auto options = std::make_shared<RulesOptions>();
    add_options(*rules, *options);
    const Given given = options;
    add(*rules, "render", "Print the rules", context, exit, given,
        [given](const RulesJob& job) { return rules_render(job, *given); });
    add_confirm_option(*add(*rules, "apply", "Put the rules in", context, exit, given,
                            [given](const RulesJob& job) { return rules_apply(job, *given); }),
                       *options);
    add(*rules, "check", "Say whether the rules stand as they should", context, exit, given,
        [given, &context](const RulesJob& job) { return rules_check(job, *given, context); });
    add_alone(*rules, "confirm", "Keep what apply --confirm has put in", exit,
              [&context, given] { return rules_confirm(state_directory(context, *given)); });
    add_alone(*rules, "boot", "Load the rules that were confirmed last", exit, [&context, given] {
        return rules_boot(context, *given);
    })->add_flag("--once", options->once, "not where rules were put in since this host started");
    add_alone(*rules, "watch", "Put rules back that somebody takes away; runs in the foreground", exit,
              [&context, given] { return rules_watch(context, *given); });
    add_alone(*rules, "emergency", "Drop all that is new, but for break-glass", exit,
              [&context, given] { return rules_emergency(context, *given); });
    add_alone(*rules, "remove", "Take the rules out", exit,
              [&context, given] { return rules_remove(context, *given); });
}

}  // namespace postern::ctl
