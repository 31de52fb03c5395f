// What every program does around its commands: a wrong command line is told in one line, and standard output has
// arrived before the program ends well. For main() alone; exit codes are those of the programs' manual pages.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "io/output.h"

namespace postern::io {

// The commands of the line as far as they were understood, the program first.
inline std::vector<const CLI::App*> understood(const CLI::App& app) {
    std::vector<const CLI::App*> path{&app};
    while (!path.back()->get_subcommands().empty()) path.push_back(path.back()->get_subcommands().front());
    return path;
}

// What came, and what was expected where CLI11 knows it. `wants_command`: the line ends before a command that must be.
inline std::string mistake(const CLI::App& app, const CLI::Error& error, bool wants_command) {
    const std::vector<std::string> strangers = app.remaining(true);
    const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());  // its name may be the program's
    const bool stray = code == CLI::ExitCodes::RequiredError || code == CLI::ExitCodes::ExtrasError;
    if (stray && !strangers.empty()) {
        const std::string& first = strangers.front();
        const char* kind = first.starts_with('-') ? "option" : wants_command ? "command" : "argument";
        return std::string{"unknown "} + kind + " \"" + first + '"';
    }
    const std::string text = error.what();
    return stray && wants_command ? "no command given" : text.substr(0, text.find('\n'));
}

// posternctl: unknown command "statsu"; posternctl --help lists the commands
inline std::string refusal(const CLI::App* app, const CLI::Error& error) {
    std::string command;
    const auto path = understood(*app);
    for (const CLI::App* word : path) command += word->get_name() + ' ';
    const bool wants_command = path.back()->get_require_subcommand_min() > 0;
    return app->get_name() + ": " + mistake(*app, error, wants_command) + "; " + command + "--help " +
           (wants_command ? "lists the commands" : "explains") + '\n';
}

// 0 where all of standard output has arrived; otherwise says that it has not, and gives 1.
inline int flushed(const CLI::App& app) {
    const Result<void> done = flush_output();
    if (done) return 0;
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), done.error().text.c_str());
    return 1;
}

// Takes the command line, whose callbacks may do the work, then runs `rest`. Returns the exit code: 2 for a wrong
// command line, otherwise what `rest` says; 1 where that is 0 and standard output was lost.
inline int run_command_line(CLI::App& app, int argc, char** argv, const std::function<int()>& rest) {
    app.failure_message(refusal);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? flushed(app) : 2;
    } catch (const std::system_error& error) {  // how fmt::print fails
        std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
        return 1;
    }
    const int exit = rest();
    const int lost = flushed(app);
    return exit == 0 ? lost : exit;
}

}  // namespace postern::io
