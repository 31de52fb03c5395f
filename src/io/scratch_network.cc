#include "io/scratch_network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace postern::io {

Result<ScratchNetwork> ScratchNetwork::enter() {
    // Whoever may not enter the namespace that it is in could not come back: root of a user namespace which has this
    // network from outside.
    const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home >= 0 && setns(home, CLONE_NEWNET) == 0 && unshare(CLONE_NEWNET) == 0) return ScratchNetwork{home};
    const int error = errno;
    if (home >= 0) close(home);
    return failure(
        fmt::format("cannot make a scratch network namespace: {}; run as root of the system that has this network "
                    "(CAP_SYS_ADMIN)",
                    std::strerror(error)));
}

// Whoever cannot go home must not go on: the next rule would be loaded into nowhere and believed to stand.
ScratchNetwork::~ScratchNetwork() {
    if (home_ < 0) return;
    if (setns(home_, CLONE_NEWNET) != 0) std::abort();
    close(home_);
}

}  // namespace postern::io
