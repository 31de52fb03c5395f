#include "base/time_spans.h"

#include <algorithm>

namespace postern {

WallTime later(WallTime time, Duration by) noexcept {
    return time > WallTime::max() - by ? WallTime::max() : time + by;
}

WallTime earlier(WallTime time, Duration by) noexcept {
    return time < WallTime::min() + by ? WallTime::min() : time - by;
}

bool TimeSpans::contains(WallTime time) const noexcept {
    return std::ranges::any_of(all(), [&](const TimeSpan& span) { return span.contains(time); });
}

void TimeSpans::add(TimeSpan span, Duration close) noexcept {
    const TimeSpan reach{earlier(span.from, close), later(span.to, close)};
    for (std::size_t i = size_; i-- > 0;) {
        if (spans_[i].to < reach.from || reach.to < spans_[i].from) continue;
        span = {std::min(span.from, spans_[i].from), std::max(span.to, spans_[i].to)};
        remove(i);
    }
    const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto place = std::find_if(spans_.begin(), end, [&](const TimeSpan& other) { return other.from > span.from; });
    std::move_backward(place, end, end + 1);
    *place = span;
    if (++size_ <= most) return;
    spans_[1].from = spans_[0].from;
    remove(0);
}

void TimeSpans::remove(std::size_t index) noexcept {
    const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(size_);
    std::move(spans_.begin() + static_cast<std::ptrdiff_t>(index) + 1, end,
              spans_.begin() + static_cast<std::ptrdiff_t>(index));
    --size_;
}

}  // namespace postern
