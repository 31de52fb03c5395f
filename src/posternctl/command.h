// What the commands of posternctl share. One file per command; commands.def names them all.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>

#include "base/result.h"

namespace postern::ctl {

// Scripts trust these; posternctl(8) lists them. 2 is also what a wrong command line gives.
enum class Exit : int {
    ok = 0,
    failed = 1,      // the command was understood and did not succeed; standard error says why
    usage = 2,       // the command line is wrong
    bad_policy = 3,  // the policy has mistakes, all of them on standard error
    no_daemon = 4,   // no daemon answers on the control socket
};

// The options that stand before the command.
struct Context {
    std::filesystem::path policy_file = "/etc/postern/postern.yaml";  // -c, --config
    bool json = false;                                                // --json: one JSON document on standard output
};

// Each command is a function `void add_NAME(CLI::App& app, const Context& context, Exit& exit)` in NAME.cc: it adds its
// subcommand with help, examples and a callback that does the work and sets `exit`. Nothing throws out of the callback.
#define POSTERN_COMMAND(name) void add_##name(CLI::App& app, const Context& context, Exit& exit);
#include "posternctl/commands.def"
#undef POSTERN_COMMAND

// Prints one line on standard error: "posternctl: text".
void complain(const std::string& text);

// The same for what keeps no command from succeeding: "posternctl: warning: text".
void warn(const std::string& text);

}  // namespace postern::ctl
