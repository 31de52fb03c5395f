#include "io/log_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "scratch.h"

using namespace postern;
using namespace postern::test;

TEST_CASE("lines are appended to what is there", "[io]") {
    const ScratchDirectory directory;
    put_text(directory / "log", "before\n");
    auto log = io::LogFile::open(directory / "log");
    REQUIRE(log);
    CHECK(log->write_line("one"));
    CHECK(log->write_line(""));
    CHECK(log->write_line(std::string(100'000, 'x')));
    CHECK(read_whole(directory / "log") == "before\none\n\n" + std::string(100'000, 'x') + "\n");
}

TEST_CASE("a log that is made is not for everybody", "[io]") {
    const ScratchDirectory directory;
    const mode_t before = umask(0);
    REQUIRE(io::LogFile::open(directory / "log"));
    umask(before);
    struct stat status {};
    REQUIRE(stat((directory / "log").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("a log that cannot be opened is an error with its name", "[io]") {
    const ScratchDirectory directory;
    CHECK(io::LogFile::open(directory / "none/log").error().text ==
          "cannot open the log " + (directory / "none/log").string() +
              ": No such file or directory; its directory must be there and let this user write, or log.file name "
              "another");
}

TEST_CASE("after a rotation lines go to the new file", "[io]") {
    const ScratchDirectory directory;
    auto log = io::LogFile::open(directory / "log");
    REQUIRE(log);
    CHECK(log->write_line("one"));
    std::filesystem::rename(directory / "log", directory / "log.1");
    CHECK(log->write_line("two"));
    CHECK(log->reopen());
    CHECK(log->write_line("three"));
    CHECK(read_whole(directory / "log.1") == "one\ntwo\n");
    CHECK(read_whole(directory / "log") == "three\n");
}

TEST_CASE("when the name cannot be opened again the old file goes on", "[io]") {
    const ScratchDirectory directory;
    std::filesystem::create_directory(directory / "d");
    auto log = io::LogFile::open(directory / "d" / "log");
    REQUIRE(log);
    std::filesystem::rename(directory / "d", directory / "moved");
    CHECK_FALSE(log->reopen());
    CHECK(log->write_line("still here"));
    CHECK(read_whole(directory / "moved" / "log") == "still here\n");
}

TEST_CASE("a full disk is told", "[io]") {
    auto log = io::LogFile::open("/dev/full");
    REQUIRE(log);
    CHECK_FALSE(log->write_line("lost"));
}

TEST_CASE("a line that was cut short is ended before the next one", "[io]") {
    const ScratchDirectory directory;
    const auto file = directory / "log";
    const pid_t child = fork();  // limits of this process only
    REQUIRE(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        auto log = io::LogFile::open(file);
        const rlimit narrow{6, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &narrow);
        const bool first = log->write_line("0123456789");
        const rlimit wide{RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &wide);
        const bool second = log->write_line("next");
        _exit(!first && second ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(read_whole(file) == "012345\nnext\n");
}

TEST_CASE("no name means standard output", "[io]") {
    const ScratchDirectory directory;
    const auto file = directory / "out";
    std::cout.flush();  // or the child says it again
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDOUT_FILENO);
        auto log = io::LogFile::open({});
        _exit(log->write_line("one") && log->reopen() && log->write_line("two") ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(read_whole(file) == "one\ntwo\n");
}
