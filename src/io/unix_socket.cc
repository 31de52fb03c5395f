#include "io/unix_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "io/unix_address.h"

namespace postern::io {
namespace {

namespace fs = std::filesystem;

constexpr int backlog = 16;

Descriptor new_socket() noexcept { return Descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; }

tl::unexpected<Error> refused(const fs::path& path, int error) {
    return failure(
        fmt::format("cannot listen on {}: {}; its directory must be there and let this user write, or "
                    "control.socket name another",
                    path.string(), std::strerror(error)));
}

// Whether the file is a socket that its process has left behind.
Result<void> remove_stale(const fs::path& path, const UnixAddress& address) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return refused(path, errno);
    if (!S_ISSOCK(status.st_mode))
        return failure(fmt::format("cannot listen on {}: there is a file that is no socket; remove it", path.string()));
    const Descriptor probe = new_socket();
    const bool answered = connect(probe.get(), address.generic(), UnixAddress::size()) == 0;
    if (answered || errno != ECONNREFUSED)
        return failure(
            fmt::format("cannot listen on {}: socket in use by another process; stop that one first", path.string()));
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return refused(path, errno);
    return {};
}

// The mode of the socket before the bind is the file's at its birth, less the umask.
int bind_with_mode(const Descriptor& descriptor, const UnixAddress& address, mode_t mode) noexcept {
    if (fchmod(descriptor.get(), mode) != 0) return errno;
    if (bind(descriptor.get(), address.generic(), UnixAddress::size()) != 0) return errno;
    return chmod(address.address.sun_path, mode) == 0 ? 0 : errno;
}

}  // namespace

UnixListener::UnixListener(fs::path path, Descriptor descriptor)
    : path_{std::move(path)}, descriptor_{std::move(descriptor)} {
    struct stat status {};
    if (lstat(path_.c_str(), &status) != 0) return;
    device_ = status.st_dev;
    inode_ = status.st_ino;
}

UnixListener::~UnixListener() {
    struct stat status {};
    if (!descriptor_ || lstat(path_.c_str(), &status) != 0) return;
    if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

Result<UnixListener> UnixListener::open(const fs::path& path, mode_t mode) {
    const auto address = UnixAddress::of(path);
    if (!address) return tl::make_unexpected(address.error());
    Descriptor descriptor = new_socket();
    if (!descriptor) return refused(path, errno);
    int error = bind_with_mode(descriptor, *address, mode);
    if (error == EADDRINUSE) {
        if (const auto removed = remove_stale(path, *address); !removed) return tl::make_unexpected(removed.error());
        error = bind_with_mode(descriptor, *address, mode);
    }
    if (error != 0) return refused(path, error);
    if (listen(descriptor.get(), backlog) != 0) return refused(path, errno);
    return UnixListener{path, std::move(descriptor)};
}

Result<LineStream> UnixListener::accept() const {
    Descriptor connected{accept4(descriptor_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!connected) return failure(fmt::format("cannot accept on {}: {}", path_.string(), std::strerror(errno)));
    return LineStream{std::move(connected)};
}

}  // namespace postern::io
