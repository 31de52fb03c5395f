// What a target demands of the code it feeds.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace postern::test {

// Says where and ends the process, which libFuzzer and ctest both take for a finding.
inline void demand(bool holds, const char* what,
                   const std::source_location& where = std::source_location::current()) noexcept {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: it does not hold that %s\n", where.file_name(), where.line(), what);
    std::abort();
}

}  // namespace postern::test
