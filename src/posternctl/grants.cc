// posternctl grants: who may open what at this moment.
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl grants\n"
    "  posternctl --json grants | jq '.[].client'";

Exit grants(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::grants, {}});
    return result ? show(context, *result, control::read_grants) : result.error();
}

}  // namespace

void add_grants(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("grants", "live grants, and those of the last minute");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = grants(context, *socket); });
}

}  // namespace postern::ctl
