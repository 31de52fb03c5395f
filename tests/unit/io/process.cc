#include "io/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include "catch.h"
#include "io/scratch_network.h"

using namespace postern;

namespace {

ino_t network() {
    struct stat status {};
    REQUIRE(stat("/proc/thread-self/ns/net", &status) == 0);
    return status.st_ino;
}

}  // namespace

TEST_CASE("a program gets its arguments and input as they are, and its output comes back", "[io]") {
    const auto echoed = io::run({"printf", "%s|", "a b", "$HOME", "*"});
    REQUIRE(echoed.has_value());
    CHECK(echoed->output == "a b|$HOME|*|");
    CHECK(echoed->exit_code == 0);
    const std::string megabyte(1 << 20, 'x');
    const auto copied = io::run({"cat"}, megabyte);
    REQUIRE(copied.has_value());
    CHECK(copied->output == megabyte);
}

TEST_CASE("exit codes, signals and complaints are told apart", "[io]") {
    const auto failed = io::run({"sh", "-c", "echo why >&2; exit 3"});
    REQUIRE(failed.has_value());
    CHECK(failed->exit_code == 3);
    CHECK(failed->errors == "why\n");
    CHECK(failed->output.empty());
    CHECK(io::run({"sh", "-c", "kill -9 $$"})->exit_code == 137);
}

TEST_CASE("a program that is not there is an error, and the environment finds it none", "[io]") {
    const auto absent = io::run({"no-such-program-at-all"});
    REQUIRE_FALSE(absent.has_value());
    CHECK(absent.error().text == "no-such-program-at-all is not installed");
    CHECK_FALSE(io::installed("no-such-program-at-all"));
    CHECK(io::installed("env"));
    CHECK(io::run({"env"})->output.find("HOME=") == std::string::npos);
    CHECK(io::run({"sh", "-c", "echo $LC_ALL"})->output == "C\n");
}

TEST_CASE("a scratch network is another one, and left again", "[io]") {
    const ino_t home = network();
    {
        const auto scratch = io::ScratchNetwork::enter();
        if (geteuid() != 0 && !scratch) CHECK(scratch.error().text.find("CAP_SYS_ADMIN") != std::string::npos);
        CHECK((network() != home) == scratch.has_value());
    }
    CHECK(network() == home);
}
