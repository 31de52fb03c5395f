#include "io/clock.h"

#include <time.h>

namespace postern::io {
namespace {

Duration read(clockid_t clock) noexcept {
    timespec time{};
    clock_gettime(clock, &time);  // fails for unknown clocks only; both are older than any kernel we run on
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

Instant now() noexcept { return {SteadyTime{read(CLOCK_BOOTTIME)}, WallTime{read(CLOCK_REALTIME)}}; }

}  // namespace postern::io
