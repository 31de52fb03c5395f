// Addresses and prefixes: text both ways, order, masks.
#include "base/address.h"

#include <utility>

#include "catch.h"

using namespace postern;

namespace {

IpAddress address(const char* text) {
    const auto parsed = parse_address(text);
    if (!parsed) throw std::runtime_error{std::string{"no address: "} + text};
    return *parsed;
}

Prefix prefix(const char* text) {
    const auto parsed = parse_prefix(text);
    if (!parsed) throw std::runtime_error{std::string{"no prefix: "} + text};
    return *parsed;
}

}  // namespace

TEST_CASE("addresses are made from network bytes", "[base]") {
    const auto four = from_hex("c000020a").value();
    const auto sixteen = from_hex("20010db8000000000000000000000010").value();
    CHECK(IpAddress::v4(four) == address("192.0.2.10"));
    CHECK(IpAddress::v6(sixteen) == address("2001:db8::10"));
    CHECK(to_hex(IpAddress::v4(four).bytes()) == "c000020a");
    CHECK(to_hex(IpAddress::v6(sixteen).bytes()) == "20010db8000000000000000000000010");
}

TEST_CASE("IPv6 text follows RFC 5952", "[base]") {
    const std::pair<const char*, const char*> canonical[] = {
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},  // 4.1: no leading zeros
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},                   // 4.2.1: shortened as much as possible
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},            // 4.2.2: a single zero field stays
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},                     // 4.2.3: the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},               // 4.2.3: of equal runs the first
        {"2001:DB8::ABCD", "2001:db8::abcd"},                        // 4.3: lower case
        {"::ffff:c000:0201", "::ffff:192.0.2.1"},                    // 5: IPv4-mapped
        {"0:0:0:0:0:0:0:0", "::"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"fe80:0:0:0:0:0:0:0", "fe80::"},
    };
    for (const auto& [written, expected] : canonical) {
        CAPTURE(written);
        CHECK(to_text(address(written)) == expected);
        CHECK(address(expected) == address(written));
    }
}

TEST_CASE("IPv4 text is four decimal numbers", "[base]") {
    for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255"}) CHECK(to_text(address(text)) == text);
}

TEST_CASE("what is not an address is refused", "[base]") {
    for (const char* text : {"",
                             " ",
                             "192.0.2",
                             "192.0.2.256",
                             "192.0.2.1.1",
                             "192.0.02.1",
                             "0300.0.2.1",
                             "0xc0.0.2.1",
                             "3221225985",
                             " 192.0.2.1",
                             "192.0.2.1 ",
                             "192.0.2.1/32",
                             "-1.0.0.0",
                             ":",
                             ":::",
                             "2001:db8",
                             "2001:db8:::1",
                             "1::2::3",
                             "2001:db8::g",
                             "12345::",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "fe80::1%eth0",
                             "[::1]",
                             "::192.0.2.256",
                             "gw1.example.net"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_address(text));
    }
}

TEST_CASE("an address ends where its text ends", "[base]") {
    using namespace std::string_view_literals;
    CHECK_FALSE(parse_address("192.0.2.1\0"sv));
    CHECK_FALSE(parse_address("192.0.2.1\0.5"sv));
    CHECK_FALSE(parse_prefix("2001:db8::\0/32"sv));
    CHECK(parse_address("192.0.2.12"sv.substr(0, 9)) == address("192.0.2.1"));
}

TEST_CASE("masking keeps the first bits and clears the rest", "[base]") {
    const IpAddress ones = address("255.255.255.255");
    CHECK(to_text(ones.masked(0)) == "0.0.0.0");
    CHECK(to_text(ones.masked(1)) == "128.0.0.0");
    CHECK(to_text(ones.masked(8)) == "255.0.0.0");
    CHECK(to_text(ones.masked(27)) == "255.255.255.224");
    CHECK(to_text(ones.masked(32)) == "255.255.255.255");
    const IpAddress six = address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
    CHECK(to_text(six.masked(56)) == "2001:db8:ffff:ff00::");
    CHECK(to_text(six.masked(65)) == "2001:db8:ffff:ffff:8000::");
    CHECK(six.masked(128) == six);
    CHECK(six.masked(0) == address("::"));
}

TEST_CASE("masking agrees with a bit by bit twin at every length", "[base]") {
    const IpAddress whole = address("a5a5:5a5a:ffff:0:1234:5678:9abc:def1");
    for (unsigned bits = 0; bits <= 128; ++bits) {
        IpAddress expected = whole;
        for (unsigned bit = bits; bit < 128; ++bit)
            expected.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
        CAPTURE(bits);
        CHECK(whole.masked(bits) == expected);
    }
}

TEST_CASE("families never mix", "[base]") {
    const IpAddress four = address("0.0.0.0");
    const IpAddress six = address("::");
    CHECK(four.octets == six.octets);
    CHECK(four != six);
    CHECK(four < six);
    CHECK_FALSE(prefix("0.0.0.0/0").contains(six));
    CHECK_FALSE(prefix("::/0").contains(four));
}

TEST_CASE("addresses sort by their bytes", "[base]") {
    CHECK(address("9.0.0.0") < address("10.0.0.0"));
    CHECK(address("10.0.0.0") < address("10.0.0.1"));
    CHECK(address("2001:db8::ff") < address("2001:db8::100"));
}

TEST_CASE("a prefix contains its addresses and no others", "[base]") {
    const Prefix net = prefix("192.0.2.16/28");
    CHECK(net.contains(address("192.0.2.16")));
    CHECK(net.contains(address("192.0.2.31")));
    CHECK_FALSE(net.contains(address("192.0.2.15")));
    CHECK_FALSE(net.contains(address("192.0.2.32")));
    CHECK(prefix("2001:db8:8000::/33").contains(address("2001:db8:8000::1")));
    CHECK_FALSE(prefix("2001:db8:8000::/33").contains(address("2001:db8:7fff::1")));
    CHECK(prefix("0.0.0.0/0").contains(address("255.255.255.255")));
}

TEST_CASE("a bare address is the prefix of full length, and prints bare", "[base]") {
    CHECK(prefix("192.0.2.1") == Prefix{address("192.0.2.1"), 32});
    CHECK(prefix("2001:db8::1") == Prefix{address("2001:db8::1"), 128});
    CHECK(prefix("192.0.2.1/32") == prefix("192.0.2.1"));
    CHECK(to_text(prefix("192.0.2.1/32")) == "192.0.2.1");
    CHECK(to_text(prefix("192.0.2.0/31")) == "192.0.2.0/31");
    CHECK(to_text(prefix("2001:DB8:0::/32")) == "2001:db8::/32");
    CHECK(to_text(prefix("::/0")) == "::/0");
}

TEST_CASE("a length out of range or with anything behind it is refused", "[base]") {
    for (const char* text : {"", "/", "/8", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
                             "192.0.2.0/ 8", "192.0.2.0/8 ", "192.0.2.0/0x8", "192.0.2.0/255.255.255.0",
                             "192.0.2.0/24/24", "192.0.2.0/4294967320", "2001:db8::/129", "2001:db8::/1e1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_prefix(text));
    }
}

TEST_CASE("host bits behind the length are refused", "[base]") {
    CHECK_FALSE(parse_prefix("192.0.2.1/28"));
    CHECK_FALSE(parse_prefix("0.0.0.1/0"));
    CHECK_FALSE(parse_prefix("2001:db8::1/127"));
    CHECK(parse_prefix("192.0.2.16/28"));
}
