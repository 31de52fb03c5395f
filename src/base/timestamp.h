// Wall time as text: RFC 3339, UTC, microseconds. 2026-11-21T09:00:00.000250Z
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace postern {

// Rounded down to the microsecond; always 27 characters.
[[nodiscard]] std::string to_text(WallTime time);

// Takes back what to_text() gives and nothing else.
[[nodiscard]] std::optional<WallTime> parse_wall_time(std::string_view text);

}  // namespace postern
