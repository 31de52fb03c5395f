// posternctl rules: renders the policy's rules, puts them in, takes them out, and says whether they stand.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/load.h"
#include "posternctl/ask.h"
#include "posternctl/command.h"
#include "posternctl/interfaces.h"
#include "posternctl/rules_loader.h"

namespace postern::ctl {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  posternctl rules render                    what apply would load\n"
    "  posternctl rules apply                     guard the interfaces of the policy\n"
    "  posternctl rules check                     exit 0: guarded; 1: not, a line per difference\n"
    "  posternctl rules remove --backend iptables     stop guarding";

struct Options {
    std::string backend;  // empty: as the policy says
    std::string iptables = "iptables";
    std::string family;  // render: 4, 6, or empty for both
};

using Loader = std::unique_ptr<RulesLoader>;

Loader loader_of(Backend backend, const Options& options) {
    if (options.backend == "nftables") backend = Backend::nftables;
    if (options.backend == "iptables") backend = Backend::iptables;
    if (backend == Backend::automatic) backend = nftables_can_queue() ? Backend::nftables : Backend::iptables;
    return backend == Backend::nftables ? nftables_loader() : iptables_loader(options.iptables);
}

// What a subcommand works on.
struct Job {
    std::shared_ptr<const Policy> policy;
    rules::Inputs inputs;
    std::filesystem::path control_socket;
    Loader loader;
};

// Every mistake of the policy goes to standard error.
std::unique_ptr<Job> job(const Context& context, const Options& options) {
    Names names;
    const auto loaded = config::load(context.policy_file, names);
    if (!loaded) {
        for (const config::Diagnostic& mistake : loaded.error()) fmt::print(stderr, "{}\n", config::to_text(mistake));
        return nullptr;
    }
    return std::make_unique<Job>(Job{loaded->policy,
                                     {.steering_seed = loaded->settings.steering_seed},
                                     loaded->settings.control_socket,
                                     loader_of(loaded->policy->gateway.backend, options)});
}

Exit failed(const Error& error) {
    complain(error.text);
    return Exit::failed;
}

// How taking a backend's rules out fails.
Exit may_stand(const RulesLoader& loader, const Error& error) {
    return failed({fmt::format("rules of the backend {} may still stand: {}", loader.name(), error.text)});
}

Exit render(const Job& job, const Options& options) {
    const Families families = options.family == "4"   ? Families::v4
                              : options.family == "6" ? Families::v6
                                                      : Families::both;
    fmt::print("{}", job.loader->render(*job.policy, job.inputs, families));
    return Exit::ok;
}

// Two gates in a row would ask the daemon twice; what the other backend has left goes last.
Exit remove_other(const Job& job, const Options& options) {
    const bool nftables = job.loader->name() == "nftables";
    const Loader other = nftables ? iptables_loader(options.iptables) : nftables_loader();
    const Result<Removal> removed = other->remove();
    if (!removed) return may_stand(*other, removed.error());
    if (*removed == Removal::done) fmt::print("rules of the backend {} are taken out\n", other->name());
    return Exit::ok;
}

// What makes rules that stand guard less, or let in nothing.
void warn_about(const Job& job) {
    for (const std::string& warning : interface_warnings(*job.policy)) warn(warning);
    if (nobody_listens(job.control_socket))
        warn(fmt::format("no daemon answers at {}: every new connection is dropped until posternd runs",
                         job.control_socket.string()));
}

// Rules that stand as they should are not touched: their counters go on.
Exit apply(const Job& job, const Options& options) {
    const Result<rules::Findings> findings = job.loader->check(*job.policy, job.inputs);
    const bool stand = findings && findings->empty();
    if (!stand)
        if (const Result<void> done = job.loader->apply(*job.policy, job.inputs); !done) return failed(done.error());
    fmt::print("{} ({})\n", stand ? "guarded already" : "guarded", job.loader->name());
    warn_about(job);
    return remove_other(job, options);
}

void print(const Job& job, const rules::Findings& findings) {
    using nlohmann::json;
    const json document{{"guarded", findings.empty()},
                        {"backend", job.loader->name()},
                        {"differences", findings},
                        {"warnings", interface_warnings(*job.policy)}};
    fmt::print("{}\n", document.dump(2, ' ', false, json::error_handler_t::replace));
}

void tell(const Job& job, const rules::Findings& findings) {
    if (findings.empty()) fmt::print("guarded ({})\n", job.loader->name());
    for (const std::string& finding : findings) fmt::print("{}\n", finding);
    for (const std::string& warning : interface_warnings(*job.policy)) warn(warning);
}

Exit check(const Job& job, const Context& context) {
    const Result<rules::Findings> findings = job.loader->check(*job.policy, job.inputs);
    if (!findings) return failed(findings.error());
    if (context.json)
        print(job, *findings);
    else
        tell(job, *findings);
    return findings->empty() ? Exit::ok : Exit::failed;
}

// Every backend that may have loaded rules; with --backend, that one.
std::vector<Loader> suspects(const Options& options) {
    std::vector<Loader> loaders;
    if (options.backend != "iptables") loaders.push_back(nftables_loader());
    if (options.backend != "nftables") loaders.push_back(iptables_loader(options.iptables));
    return loaders;
}

std::string no_tool(const Options& options) {
    if (options.backend.empty()) return "neither nft nor iptables is installed";
    return fmt::format("the tool of the backend {0} is not installed; the package {0} brings it", options.backend);
}

// Works without a policy, so that a broken one is no trap. What fails in one backend keeps nothing in the other.
Exit remove(const Options& options) {
    Exit exit = Exit::ok;
    Removal most = Removal::no_tool;
    for (const Loader& loader : suspects(options)) {
        const Result<Removal> removed = loader->remove();
        if (!removed) exit = may_stand(*loader, removed.error());
        most = std::max(most, removed.value_or(Removal::no_rules));
    }
    if (most == Removal::no_tool) return failed({no_tool(options)});
    if (exit == Exit::ok) fmt::print("{}\n", most == Removal::done ? "no longer guarded" : "there were no rules");
    return exit;
}

using Given = std::shared_ptr<const Options>;  // the callbacks hold it

// A subcommand that works on a policy.
template <class Work>
void add(CLI::App& rules, const char* name, const char* help, const Context& context, Exit& exit, const Given& given,
         Work work) {
    rules.add_subcommand(name, help)->callback([&context, &exit, given, work] {
        const std::unique_ptr<Job> one = job(context, *given);
        exit = one ? work(*one) : Exit::bad_policy;
    });
}

void add_options(CLI::App& rules, Options& options) {
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
    const auto options = std::make_shared<Options>();
    add_options(*rules, *options);
    const Given given = options;
    add(*rules, "render", "Print the rules", context, exit, given, [given](const Job& j) { return render(j, *given); });
    add(*rules, "apply", "Put the rules in", context, exit, given, [given](const Job& j) { return apply(j, *given); });
    add(*rules, "check", "Say whether the rules stand as they should", context, exit, given,
        [&context](const Job& j) { return check(j, context); });
    rules->add_subcommand("remove", "Take the rules out")->callback([&exit, given] { exit = remove(*given); });
}

}  // namespace postern::ctl
