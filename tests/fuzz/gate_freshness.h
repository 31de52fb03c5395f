// Which of one client's messages are fresh and new: the naive twin of spa/replay_window.h.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/gate_world.h"

namespace postern::test {

class FreshnessTwin {
public:
    [[nodiscard]] std::optional<Reason> why_not(const Datagram& datagram, Instant now, const Policy& policy) const {
        const Duration off = datagram.claims.time - now.wall;
        if (off > policy.gateway.skew || off < -policy.gateway.skew) return Reason::spa_stale;
        const auto holds = [&](const TimeSpan& one) { return one.contains(datagram.claims.time); };
        if (std::ranges::any_of(used_, holds)) return Reason::spa_old;
        if (std::ranges::find(kept_, datagram.number, &Kept::number) != kept_.end()) return Reason::spa_replayed;
        return std::nullopt;
    }

    // Whoever leaves, for room or for age, leaves his time behind as used.
    void use_up(const Datagram& datagram, Instant now, const Policy& policy) {
        kept_.push_back({datagram.claims.time, datagram.number});
        std::ranges::stable_sort(kept_, {}, &Kept::time);
        const WallTime oldest = now.wall - policy.gateway.skew;
        while (kept_.size() > spa::ReplayWindow::capacity || (!kept_.empty() && kept_.front().time < oldest)) {
            use(kept_.front().time, 2 * policy.gateway.skew);
            kept_.erase(kept_.begin());
        }
    }

private:
    struct Kept {
        WallTime time;
        int number = 0;
    };

    // Stretches that are close to that time become one with it, and of nine the two earliest do.
    void use(WallTime time, Duration close) {
        TimeSpan joined{time, time};
        std::erase_if(used_, [&](const TimeSpan& one) {
            const bool near = one.to >= time - close && one.from <= time + close;
            if (near) joined = {std::min(joined.from, one.from), std::max(joined.to, one.to)};
            return near;
        });
        used_.push_back(joined);
        std::ranges::sort(used_);
        if (used_.size() <= TimeSpans::most) return;
        used_[1].from = used_[0].from;
        used_.erase(used_.begin());
    }

    std::vector<TimeSpan> used_;
    std::vector<Kept> kept_;
};

}  // namespace postern::test
