#include "posternctl/rules_job.h"

#include <fmt/format.h>

#include "config/load.h"
#include "config/named_path.h"
#include "config/numbers_file.h"
#include "config/values.h"
#include "posternctl/numbering.h"

namespace postern::ctl {
namespace {

Loader loader_of(Backend backend, const RulesOptions& options) {
    if (options.backend == "nftables") backend = Backend::nftables;
    if (options.backend == "iptables") backend = Backend::iptables;
    if (backend == Backend::automatic) backend = nftables_can_queue() ? Backend::nftables : Backend::iptables;
    return backend == Backend::nftables ? nftables_loader() : iptables_loader(options.iptables);
}

}  // namespace

void add_backend_options(CLI::App& command, RulesOptions& options) {
    command.add_option("--backend", options.backend, "instead of the policy's")
        ->check(CLI::IsMember({"nftables", "iptables"}));
    command.add_option("--iptables", options.iptables, "the kind of iptables to use")
        ->check(CLI::IsMember({"iptables", "iptables-nft", "iptables-legacy"}))
        ->capture_default_str();
}

CLI::Option* add_confirm_option(CLI::App& command, RulesOptions& options) {
    return command
        .add_option_function<std::string>(
            "--confirm", [](const std::string&) {}, "take the rules back after this time unless they are confirmed")
        ->type_name("TIME")
        ->check([&options](const std::string& text) -> std::string {
            const auto read = config::duration(text);
            if (!read || *read < std::chrono::seconds{5} || *read > std::chrono::hours{1})
                return "got \"" + text + "\", expected a time from 5s to 60m such as 60s";
            options.confirm = std::chrono::duration_cast<std::chrono::seconds>(*read);
            return "";
        });
}

std::unique_ptr<RulesJob> rules_job(const Context& context, const RulesOptions& options, Exit& exit) {
    Names names;
    const auto loaded = config::load(context.policy_file, names);
    if (!loaded) {
        for (const config::Diagnostic& mistake : loaded.error()) fmt::print(stderr, "{}\n", config::to_text(mistake));
        exit = Exit::bad_policy;
        return nullptr;
    }
    const config::Settings& settings = loaded->settings;
    auto plan = config::read_numbers(settings.numbers_file).and_then([&](const rules::Numbers& now) {
        return rules::plan_ruleset(now, *loaded->policy, {.steering_seed = settings.steering_seed});
    });
    if (!plan) {
        exit = failed(plan.error());
        return nullptr;
    }
    std::vector<std::string> warnings;
    for (const config::Diagnostic& one : loaded->warnings) warnings.push_back(config::to_text(one));
    return std::make_unique<RulesJob>(RulesJob{plan->policy, plan->inputs, settings.control_socket,
                                               options.state.empty() ? settings.state_directory : options.state,
                                               loader_of(loaded->policy->gateway.backend, options), plan->digest,
                                               settings.numbers_file, std::move(warnings)});
}

rules::Loadable RulesJob::wanted() const {
    rules::Loadable set = loader->loadable(*policy, inputs);
    set.parts.push_back(announcement({numbers_file, control_socket, digest}));
    return set;
}

std::filesystem::path state_directory(const Context& context, const RulesOptions& options) {
    if (!options.state.empty()) return options.state;
    return config::state_directory(context.policy_file);
}

std::vector<Loader> suspects(const RulesOptions& options) {
    std::vector<Loader> loaders;
    if (options.backend != "iptables") loaders.push_back(nftables_loader());
    if (options.backend != "nftables") loaders.push_back(iptables_loader(options.iptables));
    return loaders;
}

Exit failed(const Error& error) {
    complain(error.text);
    return Exit::failed;
}

Exit may_stand(const RulesLoader& loader, const Error& error) {
    return failed({fmt::format("rules of the backend {} may still stand: {}", loader.name(), error.text)});
}

}  // namespace postern::ctl
