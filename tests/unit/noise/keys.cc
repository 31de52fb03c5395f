#include "noise/keys.h"

#include <numeric>

#include "catch.h"
#include "noise_keys.h"

using namespace postern;
using namespace postern::noise;
using test::public_key;
using test::secret;

TEST_CASE("X25519 gives the products of RFC 7748", "[noise]") {
    for (const auto& c : test::cases("rfc/rfc7748_x25519.json")) {
        INFO(c.at("id"));
        const auto expected = public_key(c.at("result"));
        if (test::text(c, "kind") == "x25519-public")
            CHECK(KeyPair::from(secret(c.at("scalar"))).public_key == expected);
        if (test::text(c, "kind") != "x25519") continue;
        const PublicKey u = public_key(c.at("u"));
        const auto product = diffie_hellman(secret(c.at("scalar")), u);
        REQUIRE(product.has_value() == is_canonical(u));  // RFC 7748 masks bit 255; postern refuses it
        if (product) CHECK(to_hex(product->bytes()) == to_hex(expected));
    }
}

TEST_CASE("X25519 holds over the iterations of RFC 7748 5.2", "[noise]") {
    for (const auto& c : test::cases("rfc/rfc7748_x25519.json")) {
        if (test::text(c, "kind") != "x25519-iterate") continue;
        PublicKey k = public_key(c.at("start")), u = k;
        for (int i = 0, n = c.at("iterations"); i < n; ++i) {
            u.back() &= 0x7f;  // as the RFC does; only the first u could be out of range
            const auto product = diffie_hellman(Secret{k}, u);
            REQUIRE(product);
            u = k;
            std::copy_n(product->bytes().begin(), key_size, k.begin());
        }
        CHECK(to_hex(k) == test::text(c, "result"));
    }
}

TEST_CASE("keys of 2^255 - 19 and more are not canonical", "[noise]") {
    const auto with_first_byte = [](std::uint8_t low, std::uint8_t high) {
        PublicKey key;
        key.fill(0xff);
        key.front() = low;
        key.back() = high;
        return key;
    };
    CHECK(is_canonical(with_first_byte(0xec, 0x7f)));
    CHECK_FALSE(is_canonical(with_first_byte(0xed, 0x7f)));
    CHECK_FALSE(is_canonical(with_first_byte(0xee, 0x7f)));
    CHECK_FALSE(is_canonical(with_first_byte(0x00, 0xff)));
    CHECK(is_canonical(PublicKey{}));
    PublicKey nine{9};
    CHECK(is_canonical(nine));
    nine.back() = 0x80;
    CHECK_FALSE(is_canonical(nine));
    CHECK_FALSE(diffie_hellman(Secret{PublicKey{1}}, nine));
}

TEST_CASE("points of low order give no product and are found at load", "[noise]") {
    const char* low_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    for (const char* point : low_order) {
        CHECK_FALSE(is_contributory(public_key(point)));
        CHECK_FALSE(diffie_hellman(Secret{PublicKey{77}}, public_key(point)));
    }
    CHECK(is_contributory(PublicKey{9}));
}

TEST_CASE("both sides of an exchange agree", "[noise]") {
    const KeyPair a = KeyPair::from(Secret{PublicKey{1, 2, 3}}), b = KeyPair::from(Secret{PublicKey{4, 5, 6}});
    const auto ab = diffie_hellman(a.private_key, b.public_key), ba = diffie_hellman(b.private_key, a.public_key);
    REQUIRE((ab && ba));
    CHECK(to_hex(ab->bytes()) == to_hex(ba->bytes()));
}

TEST_CASE("a secret knows whether it is zero", "[noise]") {
    CHECK(Secret{}.is_zero());
    PublicKey last{};
    last.back() = 1;
    CHECK_FALSE(Secret{last}.is_zero());
}

TEST_CASE("a secret leaves nothing behind", "[noise]") {
    PublicKey sevens;
    sevens.fill(7);
    alignas(Secret) std::array<std::uint8_t, sizeof(Secret)> memory{};
    auto* secret_in_place = new (memory.data()) Secret{sevens};
    CHECK(memory.front() == 7);
    secret_in_place->~Secret();
    const std::uint8_t* volatile bytes = memory.data();
    CHECK(std::accumulate(bytes, bytes + memory.size(), 0) == 0);
}

TEST_CASE("a key's base64 is canonical or refused", "[noise]") {
    PublicKey key;
    std::iota(key.begin(), key.end(), std::uint8_t{0xf0});
    const std::string text = to_base64(key);
    CHECK(text == "8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8=");
    CHECK(key_from_base64(text) == key);
    CHECK_FALSE(key_from_base64(text.substr(0, 43)));
    CHECK_FALSE(key_from_base64(text + "="));
    CHECK_FALSE(key_from_base64("-" + text.substr(1)));
    CHECK_FALSE(key_from_base64(text.substr(0, 42) + "9="));  // a last digit whose low bits are not zero
    CHECK_FALSE(key_from_base64(text.substr(0, 42) + "=="));
    CHECK_FALSE(key_from_base64(""));
    CHECK_FALSE(key_from_base64(text + "\n"));
    CHECK_FALSE(key_from_base64(" " + text.substr(1)));
    CHECK_FALSE(key_from_base64(text.substr(0, 43) + std::string(1, '\0')));
    CHECK_FALSE(key_from_base64("ICAg" + text));  // four digits, and three bytes, too many
    CHECK_FALSE(key_from_base64(text.substr(4)));
}

TEST_CASE("base64 of every remainder is that of RFC 4648", "[noise]") {
    CHECK(to_base64(as_bytes("")) == "");
    CHECK(to_base64(as_bytes("f")) == "Zg==");
    CHECK(to_base64(as_bytes("fo")) == "Zm8=");
    CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy");
}
