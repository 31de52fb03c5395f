#include "io/lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

using namespace postern;
using namespace postern::test;

TEST_CASE("one holds a lock at a time, and its end lets go", "[io]") {
    const ScratchDirectory directory;
    const auto file = directory / "lock";
    {
        const auto first = io::FileLock::take(file, std::chrono::milliseconds{0});
        REQUIRE((first && *first));
        const auto second = io::FileLock::take(file, std::chrono::milliseconds{50});
        REQUIRE(second);
        CHECK_FALSE(*second);
    }
    const auto third = io::FileLock::take(file, std::chrono::milliseconds{0});
    CHECK((third && *third));
    CHECK_FALSE(io::FileLock::take(directory / "none/lock", std::chrono::milliseconds{0}));
}

TEST_CASE("a process that is killed holds nothing any more", "[io]") {
    const ScratchDirectory directory;
    const auto file = directory / "lock";
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto held = io::FileLock::take(file, std::chrono::milliseconds{0});
        (void)!write(ends[1], held && *held ? "+" : "-", 1);
        for (;;) pause();
    }
    char byte = 0;
    REQUIRE(read(ends[0], &byte, 1) == 1);
    CHECK(byte == '+');
    const auto held = io::FileLock::take(file, std::chrono::milliseconds{0});
    CHECK((held && !*held));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto mine = io::FileLock::take(file, std::chrono::milliseconds{0});
    CHECK((mine && *mine));
    close(ends[0]);
    close(ends[1]);
}
