#include "io/detached.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>

#include "io/descriptor.h"

namespace postern::io {
namespace {

// A service manager may end everything in a login's control group at the logout. Where there is no such hierarchy, or
// we may not leave, there is nothing to do.
void leave_control_group() {
    for (const char* root : {"/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/systemd/cgroup.procs"}) {
        const Descriptor file{open(root, O_WRONLY | O_CLOEXEC)};
        if (file && write(file.get(), "0\n", 2) == 2) return;
    }
}

void close_everything_but(int kept) {
    const int null = open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; ++stream) dup2(null, stream);
    if (kept > 3) close_range(3, static_cast<unsigned>(kept) - 1, 0);
    close_range(static_cast<unsigned>(kept) + 1, ~0u, 0);
}

// The grandchild; the one between ends at once, so that nobody has to wait for us.
[[noreturn]] void become(const std::function<void()>& work, int ready) {
    if (fork() != 0) _exit(0);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) std::signal(number, SIG_IGN);
    leave_control_group();
    if (chdir("/") != 0) _exit(1);
    close_everything_but(ready);
    if (write(ready, "+", 1) != 1) _exit(1);
    close(ready);
    work();
    _exit(0);
}

}  // namespace

Result<void> run_detached(const std::function<void()>& work) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return failure(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    const Descriptor listen{ends[0]};
    Descriptor tell{ends[1]};
    const pid_t child = fork();
    if (child < 0) return failure(fmt::format("cannot start a process: {}", std::strerror(errno)));
    if (child == 0) {
        setsid();
        become(work, tell.get());
    }
    tell.reset();
    char byte = 0;
    ssize_t got = 0;
    do got = read(listen.get(), &byte, 1);
    while (got < 0 && errno == EINTR);
    waitpid(child, nullptr, 0);
    if (got != 1) return failure("the process that was started ended before it was ready");
    return {};
}

}  // namespace postern::io
