// The daemon's two clocks, made from the times in a capture.
//
// Wall time is the packet's. Steady time follows it forwards and stands still where the capture's clock steps back, as
// the daemon's own steady clock knows nothing of such a step.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace postern::explain {

class Clock {
public:
    [[nodiscard]] Instant at(WallTime packet) noexcept {
        if (last_) steady_ += std::clamp(packet - *last_, Duration::zero(), longest - steady_);
        last_ = packet;
        return {steady_, packet};
    }

private:
    // Where steady time stops, so that any deadline can be added: a capture may step forwards as often as it likes.
    static constexpr SteadyTime longest{std::chrono::hours{24 * 365 * 200}};

    SteadyTime steady_{std::chrono::hours{1}};  // no deadline lies before the first packet
    std::optional<WallTime> last_;
};

}  // namespace postern::explain
