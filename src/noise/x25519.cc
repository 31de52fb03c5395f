// The group: X25519 (RFC 7748), and nothing else of keys, so that a test can put another one in its place.
#include <algorithm>

#include "noise/botan.h"
#include "noise/keys.h"

namespace postern::noise {

namespace {

constexpr PublicKey base_point{9};

// 2^255 - 19, little-endian.
constexpr PublicKey field_prime = [] {
    PublicKey prime;
    prime.fill(0xff);
    prime.front() = 0xed;
    prime.back() = 0x7f;
    return prime;
}();

Secret multiply(const Secret& scalar, const PublicKey& point) {
    PublicKey product;
    botan::x25519(product.data(), scalar.bytes().data(), point.data());
    const Secret result{product};
    wipe(product);
    return result;
}

}  // namespace

KeyPair KeyPair::from(const Secret& private_key) {
    KeyPair pair{private_key, {}};
    botan::x25519(pair.public_key.data(), private_key.bytes().data(), base_point.data());
    return pair;
}

bool is_canonical(const PublicKey& key) noexcept {
    return std::lexicographical_compare(key.rbegin(), key.rend(), field_prime.rbegin(), field_prime.rend());
}

bool is_contributory(const PublicKey& key) {
    return !multiply(Secret{base_point}, key).is_zero();  // any scalar is as good: clamping makes it a multiple of 8
}

std::optional<Secret> diffie_hellman(const Secret& ours, const PublicKey& theirs) {
    if (!is_canonical(theirs)) return std::nullopt;
    const Secret product = multiply(ours, theirs);
    if (product.is_zero()) return std::nullopt;
    return product;
}

}  // namespace postern::noise
