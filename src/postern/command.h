// What the commands of postern share. One file per command; commands.def names them all.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"

namespace postern::client {

// Scripts trust these; postern(1) lists them.
enum class Exit : int {
    ok = 0,             // sent, or written; `connect`: the connection was made and has ended
    failed = 1,         // nothing was sent or written; standard error says why
    usage = 2,          // the command line is wrong, or names a service that the profile does not have, or a wrong step
    bad_profile = 3,    // the profile is missing or has mistakes, all of them on standard error
    no_connection = 4,  // connect: asked, and no connection came about
};

// The options that stand before the command.
struct Context {
    std::string profile;  // --profile: a name or a file; empty: the default
};

// Each command is a function `void add_NAME(CLI::App& app, const Context& context, Exit& exit)` in NAME.cc: it adds its
// subcommand with help, examples and a callback that does the work and sets `exit`. Nothing throws out of the callback.
#define POSTERN_COMMAND(name) void add_##name(CLI::App& app, const Context& context, Exit& exit);
#include "postern/commands.def"
#undef POSTERN_COMMAND

// Prints one line on standard error: "postern: text".
void complain(const std::string& text);

}  // namespace postern::client
