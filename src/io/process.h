// Runs another program and tells what became of it. No shell is involved: arguments are passed as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::io {

// What a program left behind.
struct Finished {
    int exit_code = 0;   // 128 + the signal's number where a signal ended it
    std::string output;  // standard output
    std::string errors;  // standard error
};

// Whether run() would find the program.
[[nodiscard]] bool installed(const std::string& program);

// Whether run() would find the same file by both names, links followed.
[[nodiscard]] bool same_program(const std::string& one, const std::string& other);

// Runs argv[0], looked for in the system's directories and nowhere else, with `input` as its standard input, and waits
// for its end. The environment is LC_ALL=C and that path alone. Fails only where the program cannot be started; an exit
// code is the caller's to judge. Threads: any; blocks as long as the program runs.
[[nodiscard]] Result<Finished> run(const std::vector<std::string>& argv, std::string_view input = {});

}  // namespace postern::io
