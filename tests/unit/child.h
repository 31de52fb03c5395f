// A child process in namespaces of its own.
#pragma once

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace postern::test {

// As fork(), with flags of clone(2); -1 where they are refused. The system's call and not fork() and unshare(): only a
// process with one thread may enter a user namespace, and ThreadSanitizer starts one of its own in each that forks.
inline pid_t child_in_namespaces(int flags) {
    std::cout.flush();
    std::fflush(stdout);
    return static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

}  // namespace postern::test
