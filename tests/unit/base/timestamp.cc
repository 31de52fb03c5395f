#include "base/timestamp.h"

#include "catch.h"

using namespace postern;

TEST_CASE("wall time is RFC 3339, UTC, rounded down to the microsecond", "[base]") {
    CHECK(to_text(wall_time(0)) == "1970-01-01T00:00:00.000000Z");
    CHECK(to_text(wall_time(1795251600) + std::chrono::nanoseconds{250999}) == "2026-11-21T09:00:00.000250Z");
    CHECK(to_text(wall_time(951782399)) == "2000-02-28T23:59:59.000000Z");
    CHECK(to_text(wall_time(951782400)) == "2000-02-29T00:00:00.000000Z");
    CHECK(to_text(wall_time(0) - std::chrono::nanoseconds{1}) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("wall time is read back from its own text", "[base]") {
    for (const std::int64_t seconds : {-9000000000l, -1l, 0l, 951782400l, 1795251600l, 9000000000l}) {
        const WallTime time = wall_time(seconds) + std::chrono::microseconds{123456};
        CHECK(parse_wall_time(to_text(time)) == time);
    }
}

TEST_CASE("other texts are no wall time", "[base]") {
    for (const char* text :
         {"", "2026-11-21", "2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000250", "2026-11-21 09:00:00.000250Z",
          "2026-02-29T09:00:00.000250Z", "2026-11-31T09:00:00.000250Z", "2026-11-21T24:00:00.000250Z",
          "2026-11-21T09:60:00.000250Z", "2026-11-21T09:00:60.000250Z", "2026-11-21T09:00:00.-00250Z",
          "+026-11-21T09:00:00.000250Z", "9999-11-21T09:00:00.000250Z", "2026-11-21T09:00:00.000250Z "})
        CHECK_FALSE(parse_wall_time(text));
}
