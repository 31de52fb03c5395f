// Waits for descriptors to become readable, and lets one thread wake another out of such a wait.
#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>

#include "base/result.h"
#include "io/descriptor.h"

namespace postern::io {

// Waits until one of them is readable or at its end, at most `timeout`; negative: without limit. One flag for each, in
// their order; all false after the timeout or a signal. A negative descriptor is never readable.
template <std::size_t N>
[[nodiscard]] std::array<bool, N> wait_readable(const std::array<int, N>& descriptors,
                                                std::chrono::milliseconds timeout) noexcept {
    std::array<pollfd, N> sources{};
    for (std::size_t i = 0; i < N; ++i) sources[i] = {descriptors[i], POLLIN, 0};
    std::array<bool, N> readable{};
    if (::poll(sources.data(), N, static_cast<int>(timeout.count())) <= 0) return readable;
    for (std::size_t i = 0; i < N; ++i) readable[i] = sources[i].revents != 0;
    return readable;
}

// An eventfd: readable from the first wake() until reset(). Threads: any.
class Waker {
public:
    [[nodiscard]] static Result<Waker> make();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
    void wake() const noexcept;
    void reset() const noexcept;

private:
    explicit Waker(Descriptor descriptor) noexcept : descriptor_{std::move(descriptor)} {}
    Descriptor descriptor_;
};

}  // namespace postern::io
