// posternctl rules: its subcommands, each of which is a file of its own.
#include "posternctl/rules_job.h"

namespace postern::ctl {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  posternctl rules render                    what apply would load\n"
    "  posternctl rules apply                     guard the interfaces of the policy\n"
    "  posternctl rules check                     exit 0: guarded; 1: not, a line per difference\n"
    "  posternctl rules remove --backend iptables     stop guarding";

using Given = std::shared_ptr<const RulesOptions>;  // the callbacks hold it

// A subcommand that works on a policy.
template <class Work>
void add(CLI::App& rules, const char* name, const char* help, const Context& context, Exit& exit, const Given& given,
         Work work) {
    rules.add_subcommand(name, help)->callback([&context, &exit, given, work] {
        const std::unique_ptr<RulesJob> one = rules_job(context, *given);
        exit = one ? work(*one) : Exit::bad_policy;
    });
}

void add_options(CLI::App& rules, RulesOptions& options) {
    rules.add_option("--backend", options.backend, "instead of the policy's")
        ->check(CLI::IsMember({"nftables", "iptables"}));
    rules.add_option("--iptables", options.iptables, "the kind of iptables to use")
        ->check(CLI::IsMember({"iptables", "iptables-nft", "iptables-legacy"}))
        ->capture_default_str();
    rules.add_option("--family", options.family, "render: only the rules of IPv4 or IPv6 (iptables)")
        ->check(CLI::IsMember({"4", "6"}));
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
    add(*rules, "apply", "Put the rules in", context, exit, given,
        [given](const RulesJob& job) { return rules_apply(job, *given); });
    add(*rules, "check", "Say whether the rules stand as they should", context, exit, given,
        [&context](const RulesJob& job) { return rules_check(job, context); });
    rules->add_subcommand("remove", "Take the rules out")->callback([&exit, given] { exit = rules_remove(*given); });
}

}  // namespace postern::ctl
