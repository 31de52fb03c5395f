// Which times of messages a process may refuse because one before it was killed: what posternd(8) and DESIGN 6 state,
// said once more in a few lines. Where it depends on milliseconds whether a clock was set, the larger answer counts.
//
//     covered   from the start, or since the clock was set: [ now - skew ... now + skew + 8 s ], every second
//     a crash   what was covered, and [ now - skew ... now + skew ] of the next start
#pragma once

#include <algorithm>
#include <vector>

#include "base/time_spans.h"
#include "witness.h"

namespace postern::sim {

class RefusedTimes {
public:
    void lived(Instant now, Duration skew, End before) {
        longest_skew_ = std::max(longest_skew_, skew);
        if (before == End::crash) add(covered_), add({now.wall - skew, now.wall + skew});
        covered_ = wanted(now, skew);
    }

    void looked(Instant now, Duration skew) {
        longest_skew_ = std::max(longest_skew_, skew);
        const TimeSpan next = wanted(now, skew);
        const bool set = covered_.to > next.to + doubt || covered_.to < next.from || next.to < covered_.from;
        covered_ = set ? next : TimeSpan{std::min(covered_.from, next.from), std::max(covered_.to, next.to)};
    }

    [[nodiscard]] bool contain(WallTime time) const {
        for (const TimeSpan& span : spans_)
            if (span.contains(time)) return true;
        return false;
    }

private:
    static constexpr Duration lead = std::chrono::seconds{8}, doubt = std::chrono::seconds{6};
    static constexpr std::size_t most = 5;  // a client's own used times take the rest of eight

    [[nodiscard]] static TimeSpan wanted(Instant now, Duration skew) {
        return {now.wall - skew, now.wall + skew + lead};
    }

    // Times between stretches that are close count as used, and so do those between the earliest.
    void add(TimeSpan span) {
        const Duration close = 2 * longest_skew_;
        for (auto other = spans_.begin(); other != spans_.end();)
            if (other->to + close < span.from || span.to + close < other->from)
                ++other;
            else
                span = {std::min(span.from, other->from), std::max(span.to, other->to)}, other = spans_.erase(other);
        spans_.push_back(span);
        std::ranges::sort(spans_);
        if (spans_.size() > most) spans_[1].from = spans_[0].from, spans_.erase(spans_.begin());
    }

    Duration longest_skew_{};
    TimeSpan covered_{};
    std::vector<TimeSpan> spans_;
};

}  // namespace postern::sim
