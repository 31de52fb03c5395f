// Root does something as another user: with that one's rights while it lasts, and with all of its own behind it.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "catch.h"
#include "io/privileges.h"
#include "scratch.h"
#include "skipped.h"

using namespace postern;
using namespace postern::test;

namespace {

constexpr uid_t somebody = 1;
constexpr gid_t somebodys = 2;

struct Identity {
    uid_t user = geteuid();
    gid_t group = getegid();
    std::vector<gid_t> groups = all_groups();
    friend bool operator==(const Identity&, const Identity&) = default;

    static std::vector<gid_t> all_groups() {
        std::vector<gid_t> groups(static_cast<std::size_t>(getgroups(0, nullptr)));
        REQUIRE(getgroups(static_cast<int>(groups.size()), groups.data()) == static_cast<int>(groups.size()));
        return groups;
    }
};

// In a process of its own, so that what goes wrong in there is over with it: nothing where the body says nothing.
template <class Body>
std::string in_a_child(Body body) {
    const ScratchDirectory directory;
    const auto told = directory / "told";
    const int file = open(told.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::string text = body(directory);
        _exit(write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    close(file);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    return read_whole(told);
}

bool become_root_of_some_groups() {
    constexpr std::array<gid_t, 2> groups{4, 24};
    return setgroups(groups.size(), groups.data()) == 0 && setegid(5) == 0;
}

// Not in a user namespace of one user either, where everybody is root.
bool may_become_others() {
    return geteuid() == 0 && in_a_child([](const ScratchDirectory&) -> std::string {
                                 return become_root_of_some_groups() && seteuid(somebody) == 0 ? "yes" : "no";
                             }) == "yes";
}

std::string meet_body(const ScratchDirectory& directory) {
    if (!become_root_of_some_groups()) return "cannot begin";
    put_text(directory / "secret", "roots alone");
    if (chmod(directory.path().c_str(), 01777) != 0) return "no room for others";
    std::string found;
    const auto done = io::as_user({somebody, somebodys}, [&]() -> Result<void> {
        if (Identity{} != Identity{somebody, somebodys, {}}) found += "the body is somebody else;";
        if (open((directory / "secret").c_str(), O_RDONLY | O_CLOEXEC) >= 0) found += "it reads what is root's;";
        put_text(directory / "made", "");
        return {};
    });
    if (!done) found += "no error was expected;";
    struct stat status {};
    if (stat((directory / "made").c_str(), &status) != 0 || status.st_uid != somebody || status.st_gid != somebodys)
        found += "what is made is not the user's;";
    if (Identity{} != Identity{0, 5, {4, 24}}) found += "root is not who it was;";
    return found;
}

std::string meet_failure(const ScratchDirectory&) {
    if (!become_root_of_some_groups()) return "cannot begin";
    const auto done = io::as_user({somebody, somebodys}, [] { return Result<void>{failure("full")}; });
    if (Identity{} != Identity{0, 5, {4, 24}}) return "root is not who it was";
    return done ? "no error" : done.error().text;
}

std::string meet_nobody(const ScratchDirectory&) {
    if (!become_root_of_some_groups()) return "cannot begin";
    bool ran = false;
    const auto done =
        io::as_user({somebody, static_cast<gid_t>(-1)}, [&]() -> Result<void> { return ran = true, Result<void>{}; });
    if (ran) return "the body ran";
    if (Identity{} != Identity{0, 5, {4, 24}}) return "root is not who it was";
    return done ? "no error" : done.error().text;
}

std::string as_whoever_we_are(io::Owner user) {
    const Identity before;
    std::string found = "the body did not run";
    const auto done = io::as_user(user, [&]() -> Result<void> {
        found = Identity{} == before ? "" : "the body is somebody else";
        return failure("full");
    });
    if (done || done.error().text != "full") found += "the error is lost";
    return found;
}

}  // namespace

TEST_CASE("root runs a body as another user, and is itself behind it", "[io]") {
    if (!may_become_others()) return skipped("only root becomes another user");
    CHECK(in_a_child(meet_body) == "");
    CHECK(in_a_child(meet_failure) == "full");
}

TEST_CASE("a body does not run where root cannot become the user", "[io]") {
    if (!may_become_others()) return skipped("only root becomes another user");
    CHECK(in_a_child(meet_nobody) == "cannot become user 1: Invalid argument");
}

TEST_CASE("a body runs as who we are where nobody is named, or we are not root", "[io]") {
    CHECK(in_a_child([](const ScratchDirectory&) { return as_whoever_we_are({}); }) == "");
    CHECK(in_a_child([](const ScratchDirectory&) -> std::string {
              if (geteuid() == 0 && seteuid(somebody) != 0) return "";  // there is nobody else
              return as_whoever_we_are({somebody + 1, somebodys});
          }) == "");
}
