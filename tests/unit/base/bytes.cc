// The reader never leaves its bytes, and hexadecimal text round-trips.
#include "base/bytes.h"

#include "catch.h"

using namespace postern;

namespace {

constexpr std::array<std::uint8_t, 15> fifteen{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

}  // namespace

TEST_CASE("integers are read big-endian, one behind the other", "[base]") {
    Reader reader{fifteen};
    CHECK(reader.u8() == 0x01);
    CHECK(reader.be16() == 0x0203);
    CHECK(reader.be32() == 0x04050607);
    CHECK(reader.be64() == 0x08090a0b0c0d0e0f);
    CHECK(reader.ok());
    CHECK(reader.left() == 0);
}

TEST_CASE("runs of bytes are views into the input", "[base]") {
    Reader reader{fifteen};
    const Bytes taken = reader.take(5);
    CHECK(taken.data() == fifteen.data());
    CHECK(taken.size() == 5);
    CHECK(reader.rest().data() == fifteen.data() + 5);
    CHECK(reader.left() == 10);
    CHECK(reader.take(10).size() == 10);
    CHECK(reader.take(0).empty());
    CHECK(reader.ok());
}

TEST_CASE("one read past the end fails all that follow", "[base]") {
    Reader reader{Bytes{fifteen}.first(3)};
    CHECK(reader.be32() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.left() == 0);
    CHECK(reader.u8() == 0);
    CHECK(reader.take(1).empty());
    CHECK(reader.take(0).empty());
    CHECK_FALSE(reader.ok());
}

TEST_CASE("a length near the end of the number range does not wrap", "[base]") {
    Reader reader{fifteen};
    (void)reader.u8();
    CHECK(reader.take(static_cast<std::size_t>(-1)).empty());
    CHECK_FALSE(reader.ok());
}

TEST_CASE("an empty input fails every read but the empty one", "[base]") {
    Reader reader{Bytes{}};
    CHECK(reader.take(0).empty());
    CHECK(reader.ok());
    CHECK(reader.u8() == 0);
    CHECK_FALSE(reader.ok());
}

TEST_CASE("integers are written big-endian", "[base]") {
    CHECK(big_endian(std::uint8_t{0x12}) == std::array<std::uint8_t, 1>{0x12});
    CHECK(big_endian(std::uint16_t{0x1234}) == std::array<std::uint8_t, 2>{0x12, 0x34});
    CHECK(big_endian(std::uint64_t{0x0102030405060708}) == std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("what is written is read back", "[base]") {
    const auto bytes = big_endian(std::uint32_t{0xfedcba98});
    CHECK(Reader{bytes}.be32() == 0xfedcba98);
}

TEST_CASE("a text is its bytes, without a terminator", "[base]") {
    CHECK(to_hex(as_bytes("ab")) == "6162");
    CHECK(as_bytes("").empty());
}

TEST_CASE("hexadecimal text is lower case and accepts both", "[base]") {
    const std::array<std::uint8_t, 4> bytes{0x00, 0x0f, 0xa5, 0xff};
    CHECK(to_hex(bytes) == "000fa5ff");
    CHECK(from_hex("000fa5ff") == std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
    CHECK(from_hex("000FA5fF") == from_hex("000fa5ff"));
    CHECK(to_hex({}).empty());
    CHECK(from_hex("") == std::vector<std::uint8_t>{});
}

TEST_CASE("hexadecimal text of odd length or with a foreign character is refused", "[base]") {
    for (const char* text : {"0", "000", "0g", "g0", "0x", " 0", "0 ", "-1", "0:", "/0", "@0", "`0", "0G"}) {
        CAPTURE(text);
        CHECK_FALSE(from_hex(text));
    }
}
