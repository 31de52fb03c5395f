#include "io/poll.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

namespace postern::io {

Result<Waker> Waker::make() {
    Descriptor descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!descriptor) return failure(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
    return Waker{std::move(descriptor)};
}

void Waker::wake() const noexcept { eventfd_write(descriptor_.get(), 1); }

void Waker::reset() const noexcept {
    eventfd_t ignored = 0;
    eventfd_read(descriptor_.get(), &ignored);
}

}  // namespace postern::io
