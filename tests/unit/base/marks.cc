// Mark values in the policy's field: ours replaced, everything of others kept.
#include "base/marks.h"

#include "catch.h"

using namespace postern;

namespace {

constexpr Mark all[] = {Mark::none,    Mark::local,    Mark::hostile,      Mark::refused,
                        Mark::revoked, Mark::accepted, Mark::forward_first};

}  // namespace

TEST_CASE("the field is the top byte by default", "[base]") {
    const MarkField field;
    CHECK(field.mask == 0xff000000);
    CHECK(field.bits(Mark::accepted) == 0x05000000);
    CHECK(field.of(0x05123456) == Mark::accepted);
}

TEST_CASE("a mark goes into its field and comes out again, wherever the field lies", "[base]") {
    for (const std::uint32_t mask : {0x000000ffu, 0x00000ff0u, 0x00ff0000u, 0x1fe00000u, 0xff000000u, 0xfff00000u}) {
        const MarkField field{mask};
        CAPTURE(mask);
        for (const Mark mark : all) {
            CHECK((field.bits(mark) & ~mask) == 0);
            CHECK(field.of(field.bits(mark)) == mark);
        }
    }
}

TEST_CASE("bits of others are neither read nor changed", "[base]") {
    const MarkField field{0x00ff0000};
    const std::uint32_t theirs = 0xa1005678;
    for (const Mark mark : all) {
        CHECK(field.with(theirs, mark) == (theirs | field.bits(mark)));
        CHECK(field.of(field.with(theirs, mark)) == mark);
    }
}

TEST_CASE("a new mark replaces the old one", "[base]") {
    const MarkField field;
    for (const Mark before : all)
        for (const Mark after : all)
            CHECK(field.with(field.bits(before) | 0x42u, after) == (field.bits(after) | 0x42u));
}

TEST_CASE("a foreign value in a wide field is not read as one of ours", "[base]") {
    const MarkField field{0xfff00000};
    CHECK(field.of(0x10500000) != Mark::accepted);  // 0x105, whose low byte says accepted
    CHECK(field.of(0x10000000) != Mark::none);
}

TEST_CASE("no mark at all means not judged", "[base]") {
    CHECK(MarkField{}.of(0) == Mark::none);
    CHECK(MarkField{}.bits(Mark::none) == 0);
    CHECK(Mark{} == Mark::none);
}
