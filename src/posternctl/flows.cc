// posternctl flows: what was let in.
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl flows\n"
    "  posternctl --json flows | jq '.[].id'";

Exit flows(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::flows, {}});
    return result ? show(context, *result, control::read_flows) : result.error();
}

}  // namespace

void add_flows(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("flows", "flows that were let in and are not over");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = flows(context, *socket); });
}

}  // namespace postern::ctl
