// posternctl status: what the running daemon has seen and decided.
#include <fmt/format.h>

#include "config/named_path.h"
#include "control/kernel_queues.h"
#include "io/clock.h"
#include "io/files.h"
#include "posternctl/ask.h"
#include "posternctl/rules_store.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl status\n"
    "  posternctl --json status | jq .verdicts";

void add_kernel_counts(control::Status& status) {
    if (const auto counts = io::read_small("/proc/thread-self/net/netfilter/nfnetlink_queue", 65536))
        control::add_kernel_counts(status, *counts);
}

void add_pending_rules(control::Status& status, const std::filesystem::path& state_directory) {
    std::error_code hidden;
    if (!std::filesystem::exists(state_directory / "rules/pending", hidden)) return;
    const auto store = RulesStore::open(state_directory);
    if (!store) return;
    const auto pending = store->pending();
    if (!pending || !*pending) return;
    const auto left = std::chrono::ceil<std::chrono::seconds>((*pending)->deadline - io::now().steady);
    status.warnings.push_back(
        fmt::format("the rules are taken back in {} s unless somebody says `posternctl rules confirm`", left.count()));
}

// What only root can see; others get the daemon's own words.
std::string with_roots_part(const std::string& result, const Context& context) {
    auto status = control::read_status(result);
    if (!status) return result;
    add_kernel_counts(*status);
    add_pending_rules(*status, config::state_directory(context.policy_file));
    return control::to_json(*status);
}

Exit status(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::status, {}});
    return result ? show(context, with_roots_part(*result, context), control::read_status) : result.error();
}

}  // namespace

void add_status(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("status", "what the daemon has seen and decided since it started");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = status(context, *socket); });
}

}  // namespace postern::ctl
