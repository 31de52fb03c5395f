// What the messages of one attempt claim, and that the gateway reads them so.
#include "postern/attempt.h"

#include "catch.h"
#include "postern/ask_options.h"
#include "postern/dial.h"

using namespace postern;
using namespace postern::client;
using namespace std::chrono_literals;
using Mode = spa::AddressClaim::Mode;

namespace {

IpAddress at(const char* text) { return parse_address(text).value(); }

Way way(const char* local, const char* gateway) {
    return {{at(gateway), 62201}, at(local), claim_source(SourceMode::automatic, at(local), at(gateway))};
}

const Way v4_exact = way("198.51.100.7", "192.0.2.1");
const Way v4_behind_nat = way("192.168.1.7", "192.0.2.1");
const Way v6_exact = way("2001:db8:1::7", "2001:db8::1");
constexpr AttemptId attempt{1, 2, 3};
const Wish wish{{"ssh", "pg"}, 20s, 40000};

}  // namespace

TEST_CASE("both families' messages of an attempt claim the same addresses", "[postern]") {
    const std::vector<Way> ways{v4_exact, v6_exact};
    for (const Way& carrier : ways) {
        const spa::Claims claims = claims_of(wish, ways, carrier, attempt, wall_time(1'800'000'000));
        CHECK(claims.kind == spa::Kind::open);
        CHECK(claims.attempt == attempt);
        CHECK(claims.time == wall_time(1'800'000'000));
        CHECK(claims.services == wish.services);
        CHECK(claims.window == 20s);
        CHECK(claims.v4.mode == Mode::exact);
        CHECK(claims.v4.address == at("198.51.100.7"));
        CHECK(claims.v6.mode == Mode::exact);
        CHECK(claims.v6.address == at("2001:db8:1::7"));
        CHECK(claims.source_port == 40000);
    }
}

TEST_CASE("a family without a way is not claimed", "[postern]") {
    const spa::Claims claims = claims_of(wish, {v6_exact}, v6_exact, attempt, {});
    CHECK(claims.v4.mode == Mode::absent);
    CHECK(claims.v6.mode == Mode::exact);
}

TEST_CASE("a translator may change the port, so only an exact carrier names it", "[postern]") {
    const std::vector<Way> ways{v4_behind_nat, v6_exact};
    CHECK(claims_of(wish, ways, v4_behind_nat, attempt, {}).source_port == 0);
    CHECK(claims_of(wish, ways, v4_behind_nat, attempt, {}).v4.mode == Mode::as_seen);
    CHECK(claims_of(wish, ways, v6_exact, attempt, {}).source_port == 40000);
}

TEST_CASE("ways are named by family and gateway address", "[postern]") {
    CHECK(to_text(std::vector{v4_exact, v6_exact}) == "IPv4 192.0.2.1, IPv6 2001:db8::1");
}

TEST_CASE("each family has one way, and loopback leads to itself", "[postern]") {
    std::vector<std::string> passed_over;
    const auto ways =
        find_ways({{at("127.0.0.1"), 62201}, {at("127.0.0.2"), 62201}}, SourceMode::automatic, passed_over);
    REQUIRE(ways);
    REQUIRE(ways->size() == 1);
    CHECK(ways->front().local == at("127.0.0.1"));
    CHECK(ways->front().gateway.address == at("127.0.0.1"));
}

TEST_CASE("durations are written as the policy has them", "[postern]") {
    CHECK(parse_duration("15s") == Duration{15s});
    CHECK(parse_duration("5m") == Duration{5min});
    CHECK(parse_duration("300s") == Duration{300s});
    for (const char* text : {"", "15", "s", "0s", "-1s", "301s", "6m", "15 s", "1h", "99999999999999999999s"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a message goes to the target's own address where that is the gateway's", "[postern]") {
    const std::vector<Endpoint> gateways{{at("127.0.0.9"), 62201}, {at("127.0.0.2"), 62201}};
    const auto same = prepare_legs({{at("127.0.0.2"), 22}}, gateways, SourceMode::exact, 0);
    REQUIRE(same);
    CHECK(same->front().way.gateway.address == at("127.0.0.2"));
    const auto other = prepare_legs({{at("127.0.0.3"), 22}}, gateways, SourceMode::exact, 0);
    REQUIRE(other);
    CHECK(other->front().way.gateway.address == at("127.0.0.9"));
    CHECK(other->front().way.gateway.port == 62201);
    CHECK(other->front().target.port == 22);
    CHECK(bound_port(other->front().socket) != 0);
}

TEST_CASE("a target in a family that the gateway lacks has no leg", "[postern]") {
    const auto legs = prepare_legs({{at("127.0.0.1"), 22}}, {{at("::1"), 62201}}, SourceMode::exact, 0);
    REQUIRE_FALSE(legs);
    CHECK(legs.error().text.find("family") != std::string::npos);
}
