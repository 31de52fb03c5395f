// Which times are used up: a few stretches of wall time, in order. It only grows.
//
//     ... [ from   to ] ....... [ from  to ] ....          both ends included
//
// Stretches that lie close together become one, and where there are more than eight, the two earliest do: what lies
// between them then counts as used. So nothing added is ever lost, and a clock that was far ahead for a while leaves
// the time in between free.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/time.h"

namespace postern {

struct TimeSpan {
    WallTime from, to;  // from <= to

    [[nodiscard]] bool contains(WallTime time) const noexcept { return from <= time && time <= to; }
    auto operator<=>(const TimeSpan&) const = default;
};

// `time + by`, or the end of time where there is no such time: a clock may stand anywhere.
[[nodiscard]] WallTime later(WallTime time, Duration by) noexcept;
[[nodiscard]] WallTime earlier(WallTime time, Duration by) noexcept;

class TimeSpans {
public:
    static constexpr std::size_t most = 8;

    [[nodiscard]] bool contains(WallTime time) const noexcept;

    // Joins it with every stretch that is no further away than `close`.
    void add(TimeSpan span, Duration close) noexcept;

    [[nodiscard]] std::span<const TimeSpan> all() const noexcept { return {spans_.data(), size_}; }

private:
    void remove(std::size_t index) noexcept;

    std::size_t size_ = 0;
    std::array<TimeSpan, most + 1> spans_{};  // ascending; one more than stays, for the newcomer
};

}  // namespace postern
