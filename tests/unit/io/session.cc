#include "io/detached.h"

#include <fmt/format.h>
#include <unistd.h>

#include "catch.h"
#include "scratch.h"

using namespace postern;
using namespace postern::test;

TEST_CASE("a detached process has a session of its own and ends with its work", "[io]") {
    const ScratchDirectory directory;
    const std::string file = (directory / "told").string();
    const pid_t here = getsid(0);
    REQUIRE(io::run_detached([&] {
        put_text(file + ".new", fmt::format("{} {} {}", getsid(0) == here, isatty(0), getpid() == getsid(0)));
        std::filesystem::rename(file + ".new", file);
    }));
    for (int tries = 0; tries < 2000 && !std::filesystem::exists(file); ++tries) usleep(5000);
    CHECK(read_whole(file) == "false 0 false");
}
