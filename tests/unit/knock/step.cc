// How a step is written and which packets take it.
#include "knock/step.h"

#include "catch.h"
#include "unit/knock/sample.h"

using namespace postern;
using namespace postern::knock;
using postern::test::hit;

TEST_CASE("a step is written one way", "[knock]") {
    for (const char* text : {"tcp/7000", "udp/1", "udp/65535", "icmp/echo-request", "tcp/7000/ack", "tcp/7000/syn+urg",
                             "tcp/22/ack+psh+ece+cwr"}) {
        INFO(text);
        REQUIRE(parse_step(text));
        CHECK(to_text(*parse_step(text)) == text);
    }
    CHECK(to_text(parse_step("tcp/7000/syn").value()) == "tcp/7000");
}

TEST_CASE("what is no step is refused", "[knock]") {
    for (const char* text :
         {"",          "tcp",           "tcp/",          "tcp/0",     "tcp/65536",     "tcp/+1",          "tcp/1-2",
          "tcp/70 ",   "udp/7/ack",     "7000",          "sctp/7",    "icmp/8",        "icmp/echo-reply", "tcp/7/",
          "tcp/7/fin", "tcp/7/syn+ack", "tcp/7/rst+ack", "tcp/7/urg", "tcp/7/syn+syn", "tcp/7/syn+",      "TCP/7"}) {
        INFO(text);
        CHECK_FALSE(parse_step(text));
    }
}

TEST_CASE("a TCP step takes its flags and no others that shape a connection", "[knock]") {
    const Step plain = parse_step("tcp/7000").value(), probe = parse_step("tcp/7000/ack").value();
    const Step urgent = parse_step("tcp/7000/syn+urg").value();
    for (unsigned flags = 0; flags < 256; ++flags) {
        using namespace tcp_flag;
        PacketView packet = hit("tcp/7000");
        packet.tcp_flags = static_cast<std::uint8_t>(flags);
        const unsigned shape = flags & (syn | ack | fin | rst);
        INFO(flags);
        CHECK(plain.taken_by(packet) == (shape == syn));
        CHECK(probe.taken_by(packet) == (shape == ack));
        CHECK(urgent.taken_by(packet) == (shape == syn && (flags & urg) != 0));
    }
    CHECK_FALSE(plain.taken_by(hit("tcp/7001")));
    CHECK_FALSE(plain.taken_by(hit("udp/7000")));
}

TEST_CASE("an echo request is one step in both families", "[knock]") {
    const Step echo = parse_step("icmp/echo-request").value();
    PacketView v6 = hit("icmp/echo-request");
    v6.family = Family::v6;
    v6.transport = Transport::icmpv6;
    v6.icmp_type = 128;
    CHECK(echo.taken_by(hit("icmp/echo-request")));
    CHECK(echo.taken_by(v6));
    CHECK(place_of(v6) == place_of(echo));
    v6.icmp_type = 8;
    CHECK_FALSE(echo.taken_by(v6));
    CHECK_FALSE(place_of(v6));
    CHECK_FALSE(echo.taken_by(hit("udp/1")));
}

TEST_CASE("the place of a packet is that of the steps it takes", "[knock]") {
    for (const char* text : {"tcp/7000", "udp/7000", "tcp/7000/ack", "icmp/echo-request"})
        CHECK(place_of(hit(text)) == place_of(parse_step(text).value()));
    CHECK(place_of(hit("tcp/7000")) != place_of(hit("udp/7000")));
}
