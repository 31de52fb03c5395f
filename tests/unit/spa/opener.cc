#include "allocations.h"
#include "catch.h"
#include "entropy.h"
#include "noise_keys.h"
#include "skipped.h"
#include "spa/payload.h"
#include "spa/postern.h"
#include "spa/slot.h"

using namespace postern;
using namespace postern::spa;

namespace {

constexpr std::int64_t now = 1'763'000'000;
constexpr auto name = "gw1.example.net";

std::vector<GatewayKey> gateway_keys(std::initializer_list<std::uint8_t> private_keys) {
    std::vector<GatewayKey> keys;
    for (const auto key : private_keys) keys.push_back(GatewayKey::of(noise::Secret{noise::PublicKey{key}}));
    return keys;
}

Sender sender_to(const GatewayKey& key) {
    return {noise::KeyPair::from(noise::Secret{noise::PublicKey{22}}), noise::Secret{noise::PublicKey{33}}, name,
            key.pair.public_key};
}

Claims claims_at(std::int64_t seconds) {
    Claims claims;
    claims.attempt.fill(5);
    claims.time = wall_time(seconds);
    claims.services = {"pg", "ssh"};
    claims.v6 = {AddressClaim::Mode::exact, *parse_address("2001:db8::1")};
    claims.source_port = 4711;
    return claims;
}

SealParts parts_for(const GatewayKey& key, std::int64_t time) {
    test::SeededEntropy entropy{static_cast<std::uint64_t>(time)};
    return prepare(sender_to(key), claims_at(time), entropy).value();
}

// One gateway with one key, at `now`, that knows the sender's two secrets.
struct Bench {
    std::vector<GatewayKey> keys = gateway_keys({11});
    Opener opener{name, keys, std::chrono::seconds{30}};
    noise::Secret psk{noise::PublicKey{33}};
    noise::Secret static_static =
        *noise::diffie_hellman(keys[0].pair.private_key, sender_to(keys[0]).client.public_key);

    Bench() { opener.set_time(wall_time(now)); }

    std::string answer(const SealParts& parts) { return answer(assemble(parts).value()); }

    // "opened", or the word of the refusal.
    std::string answer(Bytes datagram) {
        const auto envelope = opener.recognise(datagram);
        if (!envelope) return std::string{word(envelope.error())};
        auto introduced = opener.introduce(*envelope);
        if (!introduced) return std::string{word(introduced.error())};
        const auto opened = opener.open(*introduced, *envelope, static_static, psk);
        return opened ? "opened" : std::string{word(opened.error())};
    }
};

}  // namespace

TEST_CASE("what a client seals, the gateway opens", "[spa]") {
    Bench bench;
    test::SeededEntropy entropy{1};
    const auto datagram = seal(sender_to(bench.keys[0]), claims_at(now), entropy);
    REQUIRE(datagram);
    const auto envelope = bench.opener.recognise(*datagram);
    REQUIRE(envelope);
    CHECK(envelope->slot == slot_of(wall_time(now)));
    CHECK(to_hex(envelope->tag) == to_hex(Bytes{*datagram}.subspan(nonce_size, tag_size)));
    auto introduced = bench.opener.introduce(*envelope);
    REQUIRE(introduced);
    CHECK(introduced->client() == sender_to(bench.keys[0]).client.public_key);
    const auto opened = bench.opener.open(*introduced, *envelope, bench.static_static, bench.psk);
    REQUIRE(opened);
    CHECK(encode(opened->claims) == encode(claims_at(now)));
    CHECK(opened->handshake_hash != noise::Digest{});
}

TEST_CASE("each fault has its word", "[spa]") {
    Bench bench;
    const SealParts good = parts_for(bench.keys[0], now);
    CHECK(bench.answer(good) == "opened");
    const auto spoilt = [&](auto&& spoil) {
        SealParts parts = good;
        spoil(parts);
        return bench.answer(parts);
    };
    CHECK(spoilt([](SealParts& p) { p.sender.gateway_name = "gw2.example.net"; }) == "spa_handshake");
    CHECK(spoilt([](SealParts& p) { p.slot += 1; }) == "spa_handshake");
    CHECK(spoilt([](SealParts& p) { p.sender.client.public_key.back() |= 0x80; }) == "spa_handshake");
    CHECK(spoilt([](SealParts& p) { p.sender.psk = noise::Secret{}; }) == "spa_unauthentic");
    CHECK(spoilt([](SealParts& p) { p.sender.client = p.ephemeral; }) == "spa_unauthentic");
    CHECK(spoilt([](SealParts& p) { p.payload.back() = 1; }) == "spa_payload");
    CHECK(spoilt([](SealParts& p) { p.payload.clear(); }) == "spa_payload");
    CHECK(spoilt([](SealParts& p) { p.payload[2] = 2; }) == "spa_kind");
    CHECK(spoilt([](SealParts& p) { p.nonce.fill(0); }) == "spa_sieve");
    CHECK(spoilt([](SealParts& p) { p.tag_slot += 100; }) == "spa_tag");
    CHECK(spoilt([](SealParts& p) { p.payload.resize(392); }) == "opened");
    CHECK(spoilt([](SealParts& p) { p.payload.resize(393); }) == "spa_length");
    CHECK(bench.answer(Bytes{}) == "spa_length");
}

TEST_CASE("the time in the payload lies in the slot of the tag", "[spa]") {
    Bench bench;
    const std::int64_t slot = slot_of(wall_time(now));
    const auto with_time = [&](WallTime time) {
        SealParts parts = parts_for(bench.keys[0], now);
        Claims claims = claims_at(now);
        claims.time = time;
        parts.payload = encode(claims).value();
        return bench.answer(parts);
    };
    CHECK(with_time(wall_time(slot * 128)) == "opened");
    CHECK(with_time(wall_time(slot * 128) - Duration{1}) == "spa_slot");
    CHECK(with_time(wall_time(slot * 128 + 128) - Duration{1}) == "opened");
    CHECK(with_time(wall_time(slot * 128 + 128)) == "spa_slot");
}

TEST_CASE("during a rotation both keys are listened for", "[spa]") {
    const auto keys = gateway_keys({16, 24, 32});
    Opener opener{name, keys, std::chrono::seconds{30}};
    opener.set_time(wall_time(now));
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto datagram = assemble(parts_for(keys[i], now)).value();
        const auto envelope = opener.recognise(datagram);
        REQUIRE(envelope);
        CHECK(envelope->key == i);
        CHECK(opener.introduce(*envelope));
    }
    const auto other = gateway_keys({40});
    CHECK_FALSE(opener.recognise(assemble(parts_for(other[0], now)).value()));
}

TEST_CASE("live are the slots from now - skew to now + skew, two days where midnight lies between", "[spa]") {
    const auto keys = gateway_keys({11});
    const std::int64_t midnight = (now / 86400 + 1) * 86400;
    for (const std::int64_t skew : {1, 30, 300}) {
        Opener opener{name, keys, std::chrono::seconds{skew}};
        for (const std::int64_t clock : {now, midnight - 5, midnight, midnight + 200}) {
            opener.set_time(wall_time(clock));
            const std::int64_t first = slot_of(wall_time(clock - skew)), last = slot_of(wall_time(clock + skew));
            for (std::int64_t slot = first - 1; slot <= last + 1; ++slot) {
                const auto datagram = assemble(parts_for(keys[0], slot * 128)).value();
                INFO("skew " << skew << ", clock " << clock << ", slot " << slot);
                CHECK(opener.recognise(datagram).has_value() == (first <= slot && slot <= last));
            }
        }
    }
}

TEST_CASE("a clock that moves either way takes the live slots with it", "[spa]") {
    Bench bench;
    const auto datagram = assemble(parts_for(bench.keys[0], now)).value();
    for (const std::int64_t clock : {now, now + 86400, now, now - 86400, now, now + 29}) {
        bench.opener.set_time(wall_time(clock));
        CHECK(bench.opener.recognise(datagram).has_value() == (clock - now < 60 && now - clock < 60));
    }
}

TEST_CASE("before its clock is set an opener recognises nothing", "[spa]") {
    const auto keys = gateway_keys({11});
    Opener opener{name, keys, std::chrono::seconds{30}};
    const auto answer = opener.recognise(assemble(parts_for(keys[0], now)).value());
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == Reason::spa_sieve);
}

TEST_CASE("a stranger's last seal is opened with dummies and never counts", "[spa]") {
    Bench bench;
    const auto refuse = [&](const SealParts& parts) {
        const auto datagram = assemble(parts).value();
        const auto envelope = bench.opener.recognise(datagram).value();
        auto introduced = bench.opener.introduce(envelope).value();
        return bench.opener.refuse_stranger(introduced, envelope);
    };
    SealParts parts = parts_for(bench.keys[0], now);
    CHECK(refuse(parts) == Reason::spa_client_unknown);
    parts.sender.psk = noise::Secret{};
    CHECK(refuse(parts) == Reason::spa_client_unknown);
}

TEST_CASE("recognising allocates nothing, whatever comes", "[spa]") {
    if (!test::allocations_are_counted()) return test::skipped("allocations are counted with glibc alone");
    Bench bench;
    const auto good = assemble(parts_for(bench.keys[0], now)).value();
    auto wrong_tag = good, wrong_nonce = good;
    wrong_tag.back() ^= 1;
    wrong_nonce.front() ^= 1;
    const auto before = test::allocations();
    const bool recognised = bench.opener.recognise(good).has_value();
    const bool refused = !bench.opener.recognise(wrong_tag) && !bench.opener.recognise(wrong_nonce) &&
                         !bench.opener.recognise(Bytes{good}.first(100)) && !bench.opener.recognise({});
    for (std::int64_t second = 0; second < 10; ++second) bench.opener.set_time(wall_time(now + second));
    const auto after = test::allocations();
    CHECK(recognised);
    CHECK(refused);
    CHECK(slot_of(wall_time(now - 30)) == slot_of(wall_time(now - 21)));
    CHECK(slot_of(wall_time(now + 30)) == slot_of(wall_time(now + 39)));
    CHECK(after == before);
}
