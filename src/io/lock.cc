#include "io/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace postern::io {

Result<std::optional<FileLock>> FileLock::take(const std::filesystem::path& file, std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds pause{20};
    Descriptor descriptor{open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!descriptor) return failure(fmt::format("cannot open the lock {}: {}", file.string(), std::strerror(errno)));
    for (;; patience -= pause) {
        if (flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return FileLock{std::move(descriptor)};
        if (errno != EWOULDBLOCK && errno != EINTR)
            return failure(fmt::format("cannot lock {}: {}", file.string(), std::strerror(errno)));
        if (patience <= pause) return std::optional<FileLock>{};
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace postern::io
