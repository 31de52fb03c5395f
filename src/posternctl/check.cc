// posternctl check: says whether a policy would be taken, and every mistake in it where it would not.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/load.h"
#include "posternctl/command.h"
#include "posternctl/interfaces.h"

namespace postern::ctl {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  posternctl check                               the policy in /etc/postern, with its keys\n"
    "  posternctl -c new/postern.yaml check --no-secrets   a policy without its keys";

using Mistakes = std::vector<config::Diagnostic>;

nlohmann::json json_of(const Mistakes& mistakes) {
    auto rows = nlohmann::json::array();
    for (const auto& [file, line, column, text] : mistakes)
        rows.push_back({{"file", file}, {"line", line}, {"column", column}, {"text", text}});
    return rows;
}

void print(const nlohmann::json& document) {
    using nlohmann::json;
    fmt::print("{}\n", document.dump(2, ' ', false, json::error_handler_t::replace));
}

std::string counted(std::size_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void report_good(const Context& context, const Policy& policy, const std::vector<std::string>& warnings) {
    const std::string file = context.policy_file.string();
    const std::size_t services = policy.services.size(), clients = policy.clients.size(), knocks = policy.knocks.size();
    if (context.json)
        return print({{"file", file},
                      {"ok", true},
                      {"services", services},
                      {"clients", clients},
                      {"knocks", knocks},
                      {"warnings", warnings}});
    const std::string knocked = knocks == 0 ? "" : ", " + counted(knocks, "knock");
    fmt::print("{}: ok, {}, {}{}\n", file, counted(services, "service"), counted(clients, "client"), knocked);
    for (const std::string& warning : warnings) warn(warning);
}

void report_bad(const Context& context, const Mistakes& mistakes) {
    if (context.json)
        return print({{"file", context.policy_file.string()}, {"ok", false}, {"mistakes", json_of(mistakes)}});
    for (const config::Diagnostic& mistake : mistakes) fmt::print(stderr, "{}\n", config::to_text(mistake));
}

Exit check(const Context& context, const config::Options& options) {
    Names names;
    const auto loaded = config::load(context.policy_file, names, options);
    if (!loaded) {
        report_bad(context, loaded.error());
        return Exit::bad_policy;
    }
    const bool at_home = options.secrets;  // a policy without its keys is for another host
    auto warnings = at_home ? interface_warnings(*loaded->policy) : std::vector<std::string>{};
    for (const config::Diagnostic& warning : loaded->warnings) warnings.push_back(config::to_text(warning));
    report_good(context, *loaded->policy, warnings);
    return Exit::ok;
}

}  // namespace

void add_check(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("check", "Say every mistake in the policy, or that there is none");
    command->footer(examples);
    const auto no_secrets = std::make_shared<bool>(false);
    command->add_flag("--no-secrets", *no_secrets, "do not open key files, one-time lists and the steering seed");
    command->callback(
        [&context, &exit, no_secrets] { exit = check(context, {.secrets = !*no_secrets, .lists = !*no_secrets}); });
}

}  // namespace postern::ctl
