// posternctl status: what the running daemon has seen and decided.
#include "control/kernel_queues.h"
#include "io/files.h"
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl status\n"
    "  posternctl --json status | jq .verdicts";

// The file is root's; to everybody else these counts are unknown.
std::string with_kernel_counts(const std::string& result) {
    auto status = control::read_status(result);
    const auto counts = io::read_small("/proc/thread-self/net/netfilter/nfnetlink_queue", 65536);
    if (!status || !counts) return result;
    control::add_kernel_counts(*status, *counts);
    return control::to_json(*status);
}

Exit status(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::status, {}});
    return result ? show(context, with_kernel_counts(*result), control::read_status) : result.error();
}

}  // namespace

void add_status(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("status", "what the daemon has seen and decided since it started");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = status(context, *socket); });
}

}  // namespace postern::ctl
