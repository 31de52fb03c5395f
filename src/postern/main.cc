// postern: asks a gateway to let one connection in. Every command is a file of its own.
#include <csignal>

#include "io/command_line.h"
#include "postern/command.h"

namespace postern::client {
namespace {

constexpr auto footer = R"(
Examples:
  postern --profile gw open ssh            let one ssh connection in, then: ssh gw1.example.net
  ssh -o ProxyCommand='postern --profile gw connect %h %p' gw1.example.net
  postern knock gw1.example.net tcp/7000 udp/8000   send a knock sequence; needs no profile
  postern keygen --out laptop.key          make a key of your own

A profile is a file that `posternctl clients add` writes at the gateway. Put it, readable by you alone, into
~/.config/postern/NAME.yaml and call it by its NAME. See postern(1) and postern-profile(5).)";

}  // namespace
}  // namespace postern::client

int main(int argc, char** argv) {
    using namespace postern::client;
    std::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error of one call, not the end of the program
    CLI::App app{"Asks a postern gateway to let one connection in. The gateway never answers; the connection does.",
                 "postern"};
    Context context;
    Exit exit = Exit::ok;
    app.set_version_flag("--version", "postern " POSTERN_VERSION);
    app.add_option("-p,--profile", context.profile, "a profile: its NAME in ~/.config/postern, or its FILE");
    app.footer(footer);
    app.require_subcommand(1);
    app.fallthrough();
#define POSTERN_COMMAND(name) add_##name(app, context, exit);
#include "postern/commands.def"
#undef POSTERN_COMMAND
    return postern::io::run_command_line(app, argc, argv, [&] { return static_cast<int>(exit); });
}
