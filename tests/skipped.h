// What a test does that this system does not let run: it says so, with the reason, and passes; or it fails.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "catch.h"

namespace postern::test {

// Call instead of the checks. Where POSTERN_ROOT_TESTS=1 says that everything can run here, a refusal is a failure.
inline void skipped(const std::string& reason) {
    const char* demanded = std::getenv("POSTERN_ROOT_TESTS");
    if (demanded != nullptr && std::string_view{demanded} == "1") FAIL("POSTERN_ROOT_TESTS=1, and yet " << reason);
    WARN("skipped: " << reason);
}

}  // namespace postern::test
