#include "spa/payload.h"

#include <algorithm>
#include <functional>

#include "catch.h"
#include "entropy.h"
#include "vectors.h"

using namespace postern;
using namespace postern::spa;

namespace {

const std::string kind = "010101", attempt = "0210" + std::string(32, 'a'), time_record = "0308179bf2a4d2d6a000";
const std::string ssh = "0403737368", as_seen = "0600";
const std::string least = kind + attempt + time_record + ssh + as_seen;

Claims least_claims() {
    Claims claims;
    claims.attempt.fill(0xaa);
    claims.time = WallTime{Duration{0x179bf2a4d2d6a000}};
    claims.services = {"ssh"};
    claims.v4.mode = AddressClaim::Mode::as_seen;
    return claims;
}

AddressClaim exact(const char* address) { return {AddressClaim::Mode::exact, *parse_address(address)}; }

std::string hex_of(const Claims& claims) {
    const auto encoded = encode(claims);
    return encoded ? to_hex(*encoded) : "none";
}

// The claims of a payload spelt back, or the reason it is refused for.
std::string again(const std::string& hex) {
    const auto claims = decode(from_hex(hex).value());
    return claims ? hex_of(*claims) : std::string{word(claims.error())};
}

std::string service(const std::string& name) {
    return to_hex(std::array{std::uint8_t{4}, static_cast<std::uint8_t>(name.size())}) + to_hex(as_bytes(name));
}

std::string with_services(const std::string& records) { return kind + attempt + time_record + records + as_seen; }

}  // namespace

TEST_CASE("the least that a message says", "[spa]") {
    CHECK(hex_of(least_claims()) == least);
    const auto claims = decode(from_hex(least).value());
    REQUIRE(claims);
    CHECK(claims->kind == Kind::open);
    CHECK(claims->attempt == least_claims().attempt);
    CHECK(claims->time == least_claims().time);
    CHECK(claims->services == std::vector<std::string>{"ssh"});
    CHECK(claims->window == Duration{});
    CHECK(claims->v4.mode == AddressClaim::Mode::as_seen);
    CHECK(claims->v6.mode == AddressClaim::Mode::absent);
    CHECK(claims->source_port == 0);
}

TEST_CASE("all that a message can say", "[spa]") {
    Claims claims = least_claims();
    claims.services = {"web", "pg-1", "ssh"};
    claims.window = std::chrono::seconds{90};
    claims.v4 = exact("192.0.2.7");
    claims.v6 = exact("2001:db8::7");
    claims.source_port = 40022;
    const std::string hex = kind + attempt + time_record + service("pg-1") + ssh + service("web") + "05040000005a" +
                            "0604c0000207" + "071020010db8000000000000000000000007" + "08029c56";
    CHECK(hex_of(claims) == hex);
    const auto decoded = decode(from_hex(hex + "000000").value());
    REQUIRE(decoded);
    CHECK(decoded->services == std::vector<std::string>{"pg-1", "ssh", "web"});
    CHECK(decoded->window == std::chrono::seconds{90});
    CHECK(decoded->of(Family::v4).address == claims.v4.address);
    CHECK(decoded->of(Family::v6).address == claims.v6.address);
    CHECK(decoded->of(Family::v6).mode == AddressClaim::Mode::exact);
    CHECK(decoded->source_port == 40022);
}

TEST_CASE("padding is zero bytes to the end", "[spa]") {
    CHECK(again(least + "00") == least);
    CHECK(again(least + std::string(600, '0')) == least);
    CHECK(again(least + "0001") == "spa_payload");
    CHECK(again(least + "00000080") == "spa_payload");
    CHECK(again("00" + least) == "spa_payload");
    CHECK(again(kind + "00" + attempt + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again("") == "spa_payload");
    CHECK(again("0000") == "spa_payload");
}

TEST_CASE("records missing, twice, out of order or unknown", "[spa]") {
    CHECK(again(attempt + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + time_record + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + time_record + ssh) == "spa_payload");
    CHECK(again(kind + least) == "spa_payload");
    CHECK(again(kind + attempt + attempt + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + time_record + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + time_record + attempt + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + time_record + as_seen + ssh) == "spa_payload");
    CHECK(again(least + as_seen) == "spa_payload");
    CHECK(again(least + "08020016" + "08020016") == "spa_payload");
    CHECK(again(least + "0900") == "spa_payload");
    CHECK(again(least + "ff00") == "spa_payload");
}

TEST_CASE("a kind other than open is not in this version", "[spa]") {
    for (const char* other : {"00", "02", "03", "04", "ff"}) {
        CHECK(again("0101" + std::string{other}) == "spa_kind");
        CHECK(again("0101" + std::string{other} + least.substr(6)) == "spa_kind");
    }
    CHECK(again("0100" + least.substr(6)) == "spa_payload");
    CHECK(again("01020101" + least.substr(6)) == "spa_payload");
    CHECK(again("0101") == "spa_payload");
}

TEST_CASE("every cut of a payload within its records is refused", "[spa]") {
    const std::string hex = least + "08020016";
    for (std::size_t digits = 0; digits < hex.size(); digits += 2) {
        const bool whole = digits == least.size();
        CHECK(again(hex.substr(0, digits)) == (whole ? least : "spa_payload"));
    }
}

TEST_CASE("values of the wrong size or out of range", "[spa]") {
    const auto with = [](const std::string& record) { return again(least + record); };
    CHECK(with("08020001") == least + "08020001");
    CHECK(with("08020000") == "spa_payload");
    CHECK(with("080101") == "spa_payload");
    CHECK(with("0803000001") == "spa_payload");
    const auto window = [](const std::string& record) {
        return again(kind + attempt + time_record + ssh + record + as_seen);
    };
    CHECK(window("050400015180") != "spa_payload");
    CHECK(window("050400015181") == "spa_payload");
    CHECK(window("050400000000") == "spa_payload");
    CHECK(window("0503000001") == "spa_payload");
    CHECK(again(kind + "020f" + std::string(30, 'a') + time_record + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + "03088000000000000000" + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + "03087fffffffffffffff" + ssh + as_seen) != "spa_payload");
    CHECK(again(kind + attempt + "0307179bf2a4d2d6a0" + ssh + as_seen) == "spa_payload");
    CHECK(again(kind + attempt + time_record + ssh + "0603c00002") == "spa_payload");
    CHECK(again(kind + attempt + time_record + ssh + "0610" + std::string(32, '1')) == "spa_payload");
    CHECK(again(kind + attempt + time_record + ssh + "0704c0000207") == "spa_payload");
    CHECK(again(kind + attempt + time_record + ssh + "0700") == kind + attempt + time_record + ssh + "0700");
}

TEST_CASE("service names, their number and their order", "[spa]") {
    CHECK(again(with_services(service("a") + service("b"))) == with_services(service("a") + service("b")));
    CHECK(again(with_services(service("b") + service("a"))) == "spa_payload");
    CHECK(again(with_services(service("a") + service("a"))) == "spa_payload");
    CHECK(again(with_services(service(std::string(32, 'z')))) == with_services(service(std::string(32, 'z'))));
    CHECK(again(with_services(service(std::string(33, 'z')))) == "spa_payload");
    CHECK(again(with_services(service(""))) == "spa_payload");
    for (const char* name : {"SSH", "a_b", "a.b", "a b", "\xc3\xa9"})
        CHECK(again(with_services(service(name))) == "spa_payload");
    std::string eight;
    for (char c = 'a'; c < 'i'; ++c) eight += service(std::string(1, c));
    CHECK(again(with_services(eight)) == with_services(eight));
    CHECK(again(with_services(eight + service("i"))) == "spa_payload");
}

TEST_CASE("claims without an encoding", "[spa]") {
    const auto spoilt = [](const std::function<void(Claims&)>& spoil) {
        Claims claims = least_claims();
        spoil(claims);
        return hex_of(claims);
    };
    CHECK(spoilt([](Claims&) {}) == least);
    CHECK(spoilt([](Claims& c) { c.services.clear(); }) == "none");
    CHECK(spoilt([](Claims& c) { c.services = {"ssh", "ssh"}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.services = {"Ssh"}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.services = {"1", "2", "3", "4", "5", "6", "7", "8", "9"}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.window = std::chrono::milliseconds{1500}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.window = std::chrono::seconds{-1}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.window = std::chrono::seconds{86401}; }) == "none");
    CHECK(spoilt([](Claims& c) { c.time = wall_time(-1); }) == "none");
    CHECK(spoilt([](Claims& c) { c.v4.mode = AddressClaim::Mode::absent; }) == "none");
    CHECK(spoilt([](Claims& c) { c.v4 = exact("2001:db8::7"); }) == "none");
    CHECK(spoilt([](Claims& c) { c.v6 = exact("192.0.2.7"); }) == "none");
}

TEST_CASE("whatever decodes encodes to the same bytes", "[spa]") {
    test::SeededEntropy entropy{1};
    const std::vector<std::string> pieces{
        kind,   attempt,    time_record, ssh,    service("a"), "05040000005a", as_seen, "0604c0000207",
        "0700", "08029c56", "00",        "0101", "ff"};
    std::size_t decoded = 0;
    for (int round = 0; round < 20000; ++round) {
        std::array<std::uint8_t, 4> dice{};
        entropy.fill(dice);
        for (auto& die : dice) die = static_cast<std::uint8_t>(die % pieces.size());
        if (round % 2 == 0) std::sort(dice.begin(), dice.end());  // in the order of their types, or nearly
        std::string hex = kind + attempt + time_record;
        for (const std::uint8_t die : dice) hex += pieces[die];
        const std::string result = again(hex);
        if (result.starts_with("spa_")) continue;
        ++decoded;
        REQUIRE(hex.starts_with(result));
        REQUIRE(hex.find_first_not_of('0', result.size()) == std::string::npos);
    }
    CHECK(decoded > 100);
}
