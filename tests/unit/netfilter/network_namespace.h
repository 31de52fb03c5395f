// Runs a test's body in a user and network namespace of its own, where it may load rules and own queues without root.
//
// The body runs in a child process: it says what is wrong by throwing (DEMAND), and the parent's test fails with that
// text. Where the system refuses such namespaces the test is skipped (skipped.h).
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "catch.h"
#include "skipped.h"
#include "unit/child.h"

#define DEMAND_TEXT_(line) #line
#define DEMAND_LINE_(line) DEMAND_TEXT_(line)
#define DEMAND(condition) \
    ((condition) ? void() : throw std::runtime_error(__FILE__ ":" DEMAND_LINE_(__LINE__) ": not so: " #condition))

namespace postern::test {

inline void run_tool(const std::string& command) {
    if (std::system((command + " >/dev/null").c_str()) != 0) throw std::runtime_error("failed: " + command);
}

inline bool write_text(const char* path, const std::string& text) {
    std::ofstream file{path};
    return static_cast<bool>(file << text << std::flush);
}

// The child becomes root of its user namespace.
struct Ids {
    std::string uid = std::to_string(getuid()), gid = std::to_string(getgid());
    [[nodiscard]] bool take() const {
        return write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", "0 " + uid + " 1") &&
               write_text("/proc/self/gid_map", "0 " + gid + " 1") && std::system("ip link set lo up") == 0;
    }
};

template <class Body>
std::string outcome_of(Body& body, const Ids& ids) {
    if (!ids.take()) return "refused";
    setenv("XTABLES_LOCKFILE", ("/tmp/postern-xtables." + std::to_string(getpid())).c_str(), 1);
    try {
        body();
        return "ok";
    } catch (const std::exception& wrong) {
        return wrong.what();
    }
}

template <class Body>
void in_namespaces(Body body) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const Ids ids;
    const pid_t child = child_in_namespaces(CLONE_NEWUSER | CLONE_NEWNET);
    if (child < 0) return skipped("this system allows no user and network namespaces here");
    if (child == 0) {
        const std::string outcome = outcome_of(body, ids);
        _exit(write(ends[1], outcome.data(), outcome.size()) > 0 ? 0 : 1);
    }
    close(ends[1]);
    std::string outcome;
    char some[512];
    for (ssize_t size = 0; (size = read(ends[0], some, sizeof some)) > 0;)
        outcome.append(some, static_cast<std::size_t>(size));
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    if (outcome == "refused")
        skipped("this system allows no user and network namespaces here");
    else
        REQUIRE(outcome == "ok");
}

}  // namespace postern::test
