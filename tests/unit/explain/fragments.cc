// Fragments: whole datagrams are judged with the piece that completes them, and memory stays bounded.
#include "explain/fragments.h"
#include "catch.h"
#include "unit/explain/packets.h"

using namespace postern;
using namespace postern::test;
using std::chrono::seconds;

namespace {

constexpr std::uint16_t more = 0x2000;

// A piece of an IPv4 datagram, its place in bytes.
Packet piece(const Packet& payload, std::size_t from, std::size_t to, std::uint8_t protocol = 6) {
    const auto begin = payload.begin();
    const Packet bytes{begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)};
    const std::size_t flags = (to < payload.size() ? more : 0u) | from / 8;
    return ip(them, us, protocol, bytes, 64, static_cast<std::uint16_t>(flags));
}

Packet piece6(const Packet& payload, std::size_t from, std::size_t to) {
    const auto begin = payload.begin();
    Packet header{6, 0};
    put16(header, from | (to < payload.size() ? 1u : 0u));
    header = header + Packet{0, 0, 0, 7};
    const Packet options{44, 0, 1, 4, 0, 0, 0, 0};  // destination options in front of the fragment header
    return ip(
        them6, us6, 60,
        options + header + Packet{begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)});
}

const Packet tcp_syn = tcp_header(40000, 22, syn) + Packet(12, 9);

}  // namespace

TEST_CASE("a fragmented SYN is judged with its last piece, in whatever order they come", "[explain]") {
    Told told;
    CHECK(told.tell(piece(tcp_syn, 0, 8)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 8, 24)) == "incomplete");
    const auto whole = told.explain(piece(tcp_syn, 24, 32));
    CHECK(whole.word() == "no_grant");
    CHECK(whole.event.packet->destination_port == 22);
    CHECK(told.tell(piece(tcp_syn, 24, 32)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 24, 32)) == "incomplete");  // the same piece again
    CHECK(told.tell(piece(tcp_syn, 8, 24)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 0, 8)) == "no_grant");
    CHECK(told.tell(piece6(tcp_syn, 0, 24)) == "incomplete");
    CHECK(told.tell(piece6(tcp_syn, 24, 32)) == "no_grant");
    CHECK(told.tell(piece6(tcp_syn, 0, 16)) == "invalid");  // RFC 8200: no whole TCP header in the first piece
    CHECK(told.tell(piece6(tcp_syn, 16, 32)) == "incomplete");
}

TEST_CASE("pieces that overlap or contradict each other end their datagram", "[explain]") {
    Told told;
    CHECK(told.tell(piece(tcp_syn, 0, 16)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 8, 24)) == "incomplete");  // overlaps: all is forgotten
    CHECK(told.tell(piece(tcp_syn, 16, 32)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 0, 16)) == "no_grant");
    CHECK(told.tell(piece(tcp_syn, 24, 32)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn + Packet(8), 32, 40)) == "incomplete");  // another end
    CHECK(told.tell(piece(tcp_syn, 0, 24)) == "incomplete");
}

TEST_CASE("a datagram whose rest does not come is forgotten", "[explain]") {
    Told told;
    CHECK(told.tell(piece(tcp_syn, 0, 16)) == "incomplete");
    CHECK(told.tell(piece(tcp_syn, 16, 32), seconds{31}) == "incomplete");
}

TEST_CASE("a flood of first pieces displaces the oldest and takes no more memory", "[explain]") {
    explain::Fragments fragments;
    const SteadyTime now{seconds{10}};
    Packet last = piece(tcp_syn, 16, 32);
    const auto take = [&](Packet packet, std::uint16_t id) {
        packet[4] = static_cast<std::uint8_t>(id >> 8), packet[5] = static_cast<std::uint8_t>(id);
        return fragments.take(packet, parse(packet), now + std::chrono::microseconds{id});
    };
    for (std::uint16_t id = 0; id < 20'000; ++id) CHECK_FALSE(take(piece(tcp_syn, 0, 16), id));
    CHECK_FALSE(take(last, 0));
    CHECK(take(last, 19'999));
}
