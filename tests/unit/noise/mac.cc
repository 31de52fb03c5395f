#include "noise/mac.h"

#include <botan/secmem.h>

#include <chrono>

#include "allocations.h"
#include "catch.h"
#include "noise/aead.h"
#include "noise/hash.h"
#include "noise_keys.h"
#include "skipped.h"

using namespace postern;
using namespace postern::noise;

TEST_CASE("SHA-256 is that of FIPS 180-4, whole or in parts", "[noise]") {
    const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(to_hex(sha256({as_bytes("abc")})) == abc);
    CHECK(to_hex(sha256({as_bytes("a"), {}, as_bytes("bc")})) == abc);
}

TEST_CASE("HMAC-SHA-256 gives the tags of RFC 4231, at once and keyed ahead", "[noise]") {
    std::size_t seen = 0;
    KeyedMac mac{as_bytes("another key, to be replaced")};
    for (const auto& c : test::cases("rfc/hmac.json")) {
        if (test::text(c, "algorithm") != "sha256") continue;
        INFO(c.at("id"));
        const auto key = test::bytes(c.at("key")), message = test::bytes(c.at("message"));
        const std::size_t half = message.size() / 2;
        const Bytes front = Bytes{message}.first(half), back = Bytes{message}.subspan(half);
        CHECK(to_hex(hmac_sha256(key, {message})) == test::text(c, "tag"));
        mac.set_key(key);
        CHECK(to_hex(mac.digest({message})) == test::text(c, "tag"));
        CHECK(to_hex(mac.digest({front, back})) == test::text(c, "tag"));  // still keyed
        ++seen;
    }
    CHECK(seen == 3);
}

TEST_CASE("HMAC and chained HMAC give the keys of RFC 5869", "[noise]") {
    std::size_t seen = 0;
    for (const auto& c : test::cases("rfc/rfc5869_hkdf.json")) {
        if (test::text(c, "algorithm") != "sha256") continue;
        INFO(c.at("id"));
        const Digest prk = hmac_sha256(test::bytes(c.at("salt")), {test::bytes(c.at("ikm"))});
        CHECK(to_hex(prk) == test::text(c, "prk"));
        const auto info = test::bytes(c.at("info"));
        const std::uint8_t one = 1;
        CHECK(to_hex(hmac_sha256(prk, {info, {&one, 1}})) == test::text(c, "okm").substr(0, 64));
        ++seen;
    }
    CHECK(seen == 3);
}

TEST_CASE("a keyed MAC allocates nothing", "[noise]") {
    if (!test::allocations_are_counted()) return test::skipped("allocations are counted with glibc alone");
    auto before = test::allocations();
    const Botan::secure_vector<std::uint8_t> counted(32);
    REQUIRE(test::allocations() > before);  // the counter sees Botan's memory

    KeyedMac mac{as_bytes("key")};
    const std::vector<std::uint8_t> message(600, 0x55);
    before = test::allocations();
    for (std::size_t n = 0; n < message.size(); ++n) (void)mac.digest({as_bytes("x"), Bytes{message}.first(n)});
    CHECK(test::allocations() == before);
    static_assert(noexcept(mac.digest({})));
}

TEST_CASE("equal compares bytes and lengths", "[noise]") {
    CHECK(equal(as_bytes("same"), as_bytes("same")));
    CHECK(equal({}, {}));
    CHECK_FALSE(equal(as_bytes("same"), as_bytes("sane")));
    CHECK_FALSE(equal(as_bytes("same"), as_bytes("sam")));
}

TEST_CASE("ChaCha20-Poly1305 seals and opens as in RFC 8439", "[noise]") {
    std::size_t seen = 0;
    for (const auto& c : test::cases("rfc/rfc8439_chacha20poly1305.json")) {
        if (test::text(c, "kind") != "aead") continue;
        INFO(c.at("id"));
        AeadNonce nonce;
        const auto nonce_bytes = test::bytes(c.at("nonce"));
        REQUIRE(nonce_bytes.size() == nonce.size());
        std::copy(nonce_bytes.begin(), nonce_bytes.end(), nonce.begin());
        const Secret key = test::secret(c.at("key"));
        const auto aad = test::bytes(c.at("aad"));
        auto sealed = aead_seal(key, nonce, aad, test::bytes(c.at("plaintext")));
        CHECK(to_hex(sealed) == test::text(c, "ciphertext") + test::text(c, "tag"));
        const auto opened = aead_open(key, nonce, aad, sealed);
        REQUIRE(opened);
        CHECK(to_hex(*opened) == test::text(c, "plaintext"));
        CHECK_FALSE(aead_open(key, nonce, {}, sealed));
        sealed.back() ^= 1;
        CHECK_FALSE(aead_open(key, nonce, aad, sealed));
        CHECK_FALSE(aead_open(key, nonce, aad, Bytes{sealed}.first(15)));
        ++seen;
    }
    CHECK(seen == 2);
}
