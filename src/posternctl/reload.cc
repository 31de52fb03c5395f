// posternctl reload: the daemon reads its policy again and takes all of it or nothing.
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  posternctl check && posternctl reload\n\n"
    "The daemon reads the files that it was started with. Rules are another matter: after a change of interfaces,\n"
    "ports, queues or marks `posternctl rules apply` brings them up to date.";

Exit reload(const Context& context, const std::filesystem::path& socket) {
    const auto result = ask_daemon(context, socket, {control::Command::reload, {}});
    return result ? show(context, *result, control::read_reload_report) : result.error();
}

}  // namespace

void add_reload(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("reload", "make the daemon read its policy again, all of it or nothing");
    const auto socket = add_socket_option(*command);
    command->footer(footer);
    command->callback([&context, &exit, socket] { exit = reload(context, *socket); });
}

}  // namespace postern::ctl
