// posternctl status: what the running daemon has seen and decided.
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl status\n"
    "  posternctl --json status | jq .verdicts";

Exit status(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::status, {}});
    return result ? show(context, *result, control::read_status) : result.error();
}

}  // namespace

void add_status(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("status", "what the daemon has seen and decided since it started");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = status(context, *socket); });
}

}  // namespace postern::ctl
