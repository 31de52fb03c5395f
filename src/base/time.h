// Two kinds of time that do not convert, and the pair of them that a batch of packets is judged at.
//
// Steady time (CLOCK_BOOTTIME) never jumps: deadlines, windows and budgets use it. Wall time (CLOCK_REALTIME) is what
// clients write into their messages: freshness uses it, and nothing else. Nobody in the core reads a clock; both
// arrive together as an Instant.
#pragma once

#include <chrono>
#include <cstdint>

namespace postern {

using Duration = std::chrono::nanoseconds;

namespace detail {
template <class Kind>
struct HandedClock {  // a clock without now(): time is always an argument
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<HandedClock>;
    static constexpr bool is_steady = false;
};
}  // namespace detail

using SteadyTime = detail::HandedClock<struct SteadyKind>::time_point;  // since boot, suspend included
using WallTime = detail::HandedClock<struct WallKind>::time_point;      // since 1970-01-01T00:00:00Z

// Both clocks, read once per batch.
struct Instant {
    SteadyTime steady;
    WallTime wall;
};

// Whole seconds since the epoch, rounded down also before it.
[[nodiscard]] constexpr std::int64_t unix_seconds(WallTime time) noexcept {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

[[nodiscard]] constexpr WallTime wall_time(std::int64_t seconds) noexcept {
    return WallTime{std::chrono::seconds{seconds}};
}

}  // namespace postern
