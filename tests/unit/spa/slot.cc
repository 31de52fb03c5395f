#include "spa/slot.h"

#include "catch.h"

using namespace postern;
using namespace postern::spa;

TEST_CASE("a slot has 128 seconds and lies in one day", "[spa]") {
    CHECK(slot_of(wall_time(0)) == 0);
    CHECK(slot_of(wall_time(127)) == 0);
    CHECK(slot_of(wall_time(128)) == 1);
    CHECK(slot_of(wall_time(128) - Duration{1}) == 0);
    CHECK(day_of_slot(674) == 0);
    CHECK(day_of_slot(675) == 1);
    for (std::int64_t day : {19689, 20000, 106750})
        for (std::int64_t second : {0, 1, 127, 86399})
            CHECK(day_of_slot(slot_of(wall_time(day * 86400 + second))) == day);
}

TEST_CASE("slots and days are rounded down before 1970 too", "[spa]") {
    CHECK(slot_of(wall_time(-1)) == -1);
    CHECK(slot_of(wall_time(-128)) == -1);
    CHECK(slot_of(wall_time(-129)) == -2);
    CHECK(day_of_slot(-1) == -1);
    CHECK(day_of_slot(-675) == -1);
    CHECK(day_of_slot(-676) == -2);
}
