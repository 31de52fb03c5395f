// Which address a message claims.
#include "postern/source.h"

#include "catch.h"

using namespace postern;
using namespace postern::client;
using Mode = spa::AddressClaim::Mode;

namespace {

IpAddress at(const char* text) { return parse_address(text).value(); }

Mode automatic(const char* local, const char* gateway) {
    return claim_source(SourceMode::automatic, at(local), at(gateway)).mode;
}

}  // namespace

TEST_CASE("a private IPv4 source toward a public gateway is claimed as seen", "[postern]") {
    for (const char* local :
         {"10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.2", "169.254.3.4", "100.64.0.1", "100.127.255.254"}) {
        INFO(local);
        CHECK(automatic(local, "192.0.2.1") == Mode::as_seen);
        CHECK(automatic(local, "10.9.9.9") == Mode::exact);
    }
}

TEST_CASE("addresses just outside the private ranges are claimed exactly", "[postern]") {
    for (const char* local : {"9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "192.167.1.1", "192.169.0.0",
                              "169.253.0.1", "100.63.0.1", "100.128.0.0", "198.51.100.7", "127.0.0.1"}) {
        INFO(local);
        CHECK(automatic(local, "192.0.2.1") == Mode::exact);
    }
}

TEST_CASE("IPv6 is claimed exactly, whatever the kind of address", "[postern]") {
    for (const char* local : {"2001:db8::7", "fd00::7", "fe80::7", "::1"}) {
        INFO(local);
        const auto claim = claim_source(SourceMode::automatic, at(local), at("2001:db8::1"));
        CHECK(claim.mode == Mode::exact);
        CHECK(claim.address == at(local));
    }
}

TEST_CASE("a mode that is asked for is taken", "[postern]") {
    const auto exact = claim_source(SourceMode::exact, at("10.0.0.1"), at("192.0.2.1"));
    CHECK(exact.mode == Mode::exact);
    CHECK(exact.address == at("10.0.0.1"));
    CHECK(claim_source(SourceMode::as_seen, at("2001:db8::7"), at("2001:db8::1")).mode == Mode::as_seen);
}

TEST_CASE("source modes have one spelling", "[postern]") {
    CHECK(parse_source_mode("auto") == SourceMode::automatic);
    CHECK(parse_source_mode("exact") == SourceMode::exact);
    CHECK(parse_source_mode("as_seen") == SourceMode::as_seen);
    for (const char* text : {"", "Auto", "as-seen", "as seen"}) CHECK_FALSE(parse_source_mode(text));
}
