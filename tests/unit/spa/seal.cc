#include "spa/seal.h"

#include "catch.h"
#include "entropy.h"
#include "noise_keys.h"
#include "spa/payload.h"
#include "spa/postern.h"
#include "spa/slot.h"

using namespace postern;
using namespace postern::spa;

namespace {

const GatewayKey gateway = GatewayKey::of(noise::Secret{noise::PublicKey{11}});

Sender sender_of(std::uint8_t key) {
    return {noise::KeyPair::from(noise::Secret{noise::PublicKey{key}}), noise::Secret{noise::PublicKey{33}},
            "gw1.example.net", gateway.pair.public_key};
}

Claims claims_at(std::int64_t seconds) {
    Claims claims;
    claims.attempt.fill(5);
    claims.time = wall_time(seconds);
    claims.services = {"ssh"};
    claims.v4.mode = AddressClaim::Mode::as_seen;
    return claims;
}

// A nonce that passes today's sieve, found once.
std::vector<std::uint8_t> passing_nonce(std::int64_t seconds) {
    test::SeededEntropy entropy{7};
    const auto parts = prepare(sender_of(22), claims_at(seconds), entropy);
    return {parts->nonce.begin(), parts->nonce.end()};
}

constexpr std::int64_t now = 1'763'000'000;

}  // namespace

TEST_CASE("a length is drawn first, uniformly from 384 to 512", "[spa]") {
    const auto nonce = passing_nonce(now);
    for (unsigned first = 0; first < 256; ++first) {
        test::ScriptedEntropy entropy{{static_cast<std::uint8_t>(first), 128}, nonce};
        const auto datagram = seal(sender_of(22), claims_at(now), entropy);
        REQUIRE(datagram);
        CHECK(datagram->size() == 384 + (first < 129 ? first : 128));
        CHECK(entropy.lengths_drawn() == (first < 129 ? 1 : 2));
    }
}

TEST_CASE("what may be said does not depend on the length drawn", "[spa]") {
    const auto nonce = passing_nonce(now);
    Claims claims = claims_at(now);
    claims.services.clear();
    for (char c = 'a'; c < 'h'; ++c) claims.services.push_back(std::string(31, c));
    REQUIRE(encode(claims)->size() > content_limit - 2);
    claims.services.back().resize(31 - (encode(claims)->size() - content_limit));
    REQUIRE(encode(claims)->size() == content_limit);
    for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{128}}) {
        test::ScriptedEntropy entropy{{length}, nonce};
        CHECK(prepare(sender_of(22), claims, entropy));
    }
    claims.services.back() += 'x';
    for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{128}}) {
        test::ScriptedEntropy entropy{{length}, nonce};
        CHECK_FALSE(prepare(sender_of(22), claims, entropy));
    }
}

TEST_CASE("a gateway's name has 1 to 253 bytes", "[spa]") {
    const auto nonce = passing_nonce(now);
    const auto fits = [&](std::size_t size) {
        Sender sender = sender_of(22);
        sender.gateway_name = std::string(size, 'g');
        test::ScriptedEntropy entropy{{0}, nonce};
        return prepare(sender, claims_at(now), entropy).has_value();
    };
    CHECK_FALSE(fits(0));
    CHECK(fits(1));
    CHECK(fits(253));
    CHECK_FALSE(fits(254));
}

TEST_CASE("a broken random generator repeats an ephemeral key only with the whole message", "[spa]") {
    const auto nonce = passing_nonce(now);
    const auto ephemeral = [&](const Sender& sender, const Claims& claims, std::uint8_t fresh = 0) {
        test::ScriptedEntropy entropy{{0}, nonce, std::vector<std::uint8_t>(32, fresh)};
        return to_hex(prepare(sender, claims, entropy)->ephemeral.public_key);
    };
    const std::string first = ephemeral(sender_of(22), claims_at(now));
    CHECK(ephemeral(sender_of(22), claims_at(now)) == first);
    CHECK(ephemeral(sender_of(22), claims_at(now), 1) != first);
    CHECK(ephemeral(sender_of(23), claims_at(now)) != first);
    CHECK(ephemeral(sender_of(22), claims_at(now + 1)) != first);
    Claims other = claims_at(now);
    other.attempt.fill(6);
    CHECK(ephemeral(sender_of(22), other) != first);
    other = claims_at(now);
    other.source_port = 22;
    CHECK(ephemeral(sender_of(22), other) != first);
    Sender renamed = sender_of(22);
    renamed.gateway_name = "gw2.example.net";
    CHECK(ephemeral(renamed, claims_at(now)) != first);
}

TEST_CASE("nothing is sealed with an unusable gateway key", "[spa]") {
    Sender sender = sender_of(22);
    sender.gateway = noise::PublicKey{};  // low order
    test::SeededEntropy entropy{3};
    CHECK_FALSE(seal(sender, claims_at(now), entropy));
}

TEST_CASE("no two messages look alike", "[spa]") {
    test::SeededEntropy entropy{4};
    const auto a = seal(sender_of(22), claims_at(now), entropy), b = seal(sender_of(22), claims_at(now), entropy);
    REQUIRE((a && b));
    const Bytes nonce_a = Bytes{*a}.first(nonce_size), nonce_b = Bytes{*b}.first(nonce_size);
    CHECK(to_hex(nonce_a) != to_hex(nonce_b));
    CHECK(to_hex(Bytes{*a}.subspan(24, 32)) != to_hex(Bytes{*b}.subspan(24, 32)));
}
