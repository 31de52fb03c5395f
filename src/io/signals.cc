#include "io/signals.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>

namespace postern::io {

Result<Signals> Signals::block(std::initializer_list<int> numbers) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers) sigaddset(&set, number);
    if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
        return failure(fmt::format("cannot block signals: {}", std::strerror(error)));
    Descriptor descriptor{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!descriptor) return failure(fmt::format("cannot make a signalfd: {}", std::strerror(errno)));
    return Signals{std::move(descriptor)};
}

std::optional<int> Signals::take() const noexcept {
    signalfd_siginfo info{};
    if (read(descriptor_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

}  // namespace postern::io
