// posternctl: looks after the policy, the rules and the running daemon. Every command is a file of its own.
#include <cstdio>

#include "base/printable.h"
#include "io/command_line.h"
#include "posternctl/command.h"

namespace postern::ctl {

void complain(const std::string& text) { std::fprintf(stderr, "posternctl: %s\n", printable(text).c_str()); }

void warn(const std::string& text) { complain("warning: " + text); }

}  // namespace postern::ctl

int main(int argc, char** argv) {
    using namespace postern::ctl;
    CLI::App app{"Looks after the policy, the rules and the daemon of a postern gateway.", "posternctl"};
    Context context;
    Exit exit = Exit::ok;
    app.set_version_flag("--version", "posternctl " POSTERN_VERSION);
    app.add_option("-c,--config", context.policy_file, "the policy")->capture_default_str();
    app.add_flag(
        "--json", context.json,
        "one JSON document in place of text: check, clients list, rules check, status, grants, flows, revoke, reload; "
        "explain: a line of JSON for each packet");
    app.require_subcommand(1);
    app.fallthrough();
#define POSTERN_COMMAND(name) add_##name(app, context, exit);
#include "posternctl/commands.def"
#undef POSTERN_COMMAND
    return postern::io::run_command_line(app, argc, argv, [&] { return static_cast<int>(exit); });
}
