// Days and slots: the wall time of a sender in the two units that an envelope is keyed by. postern-spa(7).
#pragma once

#include <cstdint>

#include "base/time.h"

namespace postern::spa {

inline constexpr std::int64_t slot_seconds = 128;
inline constexpr std::int64_t slots_per_day = 675;  // whole: a slot lies in one day
static_assert(slots_per_day * slot_seconds == 86400);

// Rounded down, also before 1970.
[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t by) noexcept {
    return value / by - (value % by < 0 ? 1 : 0);
}

[[nodiscard]] constexpr std::int64_t slot_of(WallTime time) noexcept {
    return floor_divide(unix_seconds(time), slot_seconds);
}

[[nodiscard]] constexpr std::int64_t day_of_slot(std::int64_t slot) noexcept {
    return floor_divide(slot, slots_per_day);
}

}  // namespace postern::spa
