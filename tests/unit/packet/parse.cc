// What the captures cannot say: what a view tells about packets where the reference parser records nothing.
#include "packet/parse.h"

#include "catch.h"

using namespace postern;

namespace {

std::vector<std::uint8_t> hex(const char* text) { return from_hex(text).value(); }

}  // namespace

TEST_CASE("a view that nobody filled in is malformed", "[packet]") {
    const PacketView view;
    CHECK(view.malformed);
    CHECK(view.transport == Transport::none);
    CHECK_FALSE(view.local);
}

TEST_CASE("nothing at all is malformed", "[packet]") { CHECK(parse({}).malformed); }

TEST_CASE("an atomic fragment is a fragment, and its transport is read", "[packet]") {
    const auto packet =
        hex("6000000000102c4020010db8000000000000000000000010"
            "20010db8000000000000000000000001"
            "1100000000abcdef"
            "ea60ca6c00080000");
    const PacketView view = parse(packet);
    REQUIRE_FALSE(view.malformed);
    CHECK(view.fragmented);
    CHECK_FALSE(view.more_fragments);
    CHECK(view.fragment_offset == 0);
    CHECK(view.fragment_id == 0xabcdef);
    CHECK(view.destination_port == 51820);
}

TEST_CASE("a first fragment may hold less of a UDP datagram than its length names", "[packet]") {
    auto packet =
        hex("4500001e0007200040110000c000020ac6336401"
            "9c41001604000000"
            "abcd");
    const PacketView first = parse(packet);
    REQUIRE_FALSE(first.malformed);
    CHECK(first.more_fragments);
    CHECK(first.fragment_id == 7);
    CHECK(to_hex(first.payload) == "abcd");
    packet[6] = 0;  // the same bytes as a whole packet
    CHECK(parse(packet).malformed);
}

TEST_CASE("a first fragment whose UDP length is less than the UDP header is malformed", "[packet]") {
    CHECK(parse(hex("4500001e0007200040110000c000020ac63364019c41001600070000abcd")).malformed);
    CHECK_FALSE(parse(hex("4500001e0007200040110000c000020ac63364019c41001600080000abcd")).malformed);
}

TEST_CASE("a UDP-Lite checksum may cover the fragments to come, but not more than a whole packet", "[packet]") {
    auto packet = hex("4500001e0007200040880000c000020ac63364019c41001604000000abcd");
    CHECK(parse(packet).transport == Transport::udplite);
    packet[6] = 0;  // the same bytes as a whole packet
    CHECK(parse(packet).malformed);
}

TEST_CASE("a malformed packet keeps what was read before the fault", "[packet]") {
    const auto packet =
        hex("450000280000000033060000c000020ac6336401"
            "9c41001600000001000000004002200000000000");  // data offset 4
    const PacketView view = parse(packet);
    REQUIRE(view.malformed);
    CHECK(to_text(view.source) == "192.0.2.10");
    CHECK(to_text(view.destination) == "198.51.100.1");
    CHECK(view.hop_limit == 0x33);
    CHECK(view.protocol == 6);
    CHECK(view.transport == Transport::none);
    CHECK(view.payload.empty());
}

TEST_CASE("the payload points into the packet", "[packet]") {
    const auto packet =
        hex("4500001e0000000040110000c000020ac6336401"
            "9c410016000a0000"
            "abcd"
            "ffff");
    const PacketView view = parse(packet);
    REQUIRE_FALSE(view.malformed);
    CHECK(view.payload.data() == packet.data() + 28);
    CHECK(view.payload.size() == 2);
    CHECK(view.trailing == 2);
}
