#include "io/files.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "scratch.h"
#include "unit/child.h"

using namespace postern;
using namespace postern::test;

namespace {

mode_t mode_of(const std::filesystem::path& file) {
    struct stat status {};
    REQUIRE(lstat(file.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

// From here on this process may not give files away, as the daemon in its sandbox.
bool forbid_fchown() {
    std::array filter{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchown, 0, 1),
                      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{filter.size(), filter.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           fchown(STDERR_FILENO, static_cast<uid_t>(-1), static_cast<gid_t>(-1)) != 0;
}

}  // namespace

TEST_CASE("a small file is read whole, up to its limit", "[io]") {
    const ScratchDirectory directory;
    put_text(directory / "a", std::string("12345\0\n89", 9));
    CHECK(io::read_small(directory / "a", 9).value() == std::string("12345\0\n89", 9));
    CHECK(io::read_small(directory / "a", 8).error().text ==
          (directory / "a").string() + " is too long: expected at most 8 bytes");
    put_text(directory / "empty", "");
    CHECK(io::read_small(directory / "empty", 0).value().empty());
}

TEST_CASE("what is no plain file is refused, and nothing waits for a pipe", "[io]") {
    const ScratchDirectory directory;
    REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
    CHECK(io::read_small(directory / "pipe", 10).error().text.find("not a plain file") != std::string::npos);
    CHECK(io::read_small("/dev/zero", 10).error().text.find("not a plain file") != std::string::npos);
    CHECK(io::read_small(directory / "none", 10).error().text ==
          "cannot read " + (directory / "none").string() + ": No such file or directory");
}

TEST_CASE("a failed write leaves no file", "[io]") {
    const ScratchDirectory directory;
    CHECK(io::write_new_file(directory / "none/b", "x", 0600).error().text.find("none") != std::string::npos);
    CHECK(directory.entries() == 0);
}

TEST_CASE("a new file never replaces one, not even a dangling link", "[io]") {
    const ScratchDirectory directory;
    REQUIRE(io::write_new_file(directory / "a", "one", 0600));
    CHECK(read_whole(directory / "a") == "one");
    CHECK(mode_of(directory / "a") == 0600);
    CHECK(io::write_new_file(directory / "a", "two", 0600).error().text ==
          (directory / "a").string() + " exists already and is left as it is");
    CHECK(read_whole(directory / "a") == "one");
    std::filesystem::create_symlink("nowhere", directory / "link");
    CHECK_FALSE(io::write_new_file(directory / "link", "x", 0600));
    CHECK_FALSE(std::filesystem::exists(directory / "nowhere"));
    CHECK(directory.entries() == 2);
}

TEST_CASE("a file is replaced whole, with its mode, and nothing stays beside it", "[io]") {
    const ScratchDirectory directory;
    REQUIRE(io::replace_file(directory / "a", "one", 0644));
    REQUIRE(io::replace_file(directory / "a", "two", 0600));
    CHECK(read_whole(directory / "a") == "two");
    CHECK(mode_of(directory / "a") == 0600);
    CHECK_FALSE(io::replace_file(directory / "none/a", "x", 0600));
    CHECK(directory.entries() == 1);
}

TEST_CASE("a file is replaced where its maker may not give files away", "[io]") {
    const ScratchDirectory directory;
    const pid_t child = child_in_namespaces(0);
    REQUIRE(child >= 0);
    if (child == 0) _exit(!forbid_fchown() ? 2 : io::replace_file(directory / "a", "one", 0600) ? 0 : 1);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(read_whole(directory / "a") == "one");
}

TEST_CASE("removing says whether there was a file", "[io]") {
    const ScratchDirectory directory;
    put_text(directory / "a", "x");
    CHECK(io::remove_and_sync(directory / "a").value());
    CHECK_FALSE(io::remove_and_sync(directory / "a").value());
    std::filesystem::create_directory(directory / "d");
    CHECK(io::remove_and_sync(directory / "d").error().text.find("cannot remove") == 0);
}
