#include "noise/keys.h"

#include <algorithm>

#include "noise/botan.h"
#include "noise/mac.h"

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

void wipe(MutableBytes bytes) noexcept { Botan::secure_scrub_memory(bytes.data(), bytes.size()); }

Secret::Secret(Bytes bytes) noexcept { std::copy_n(bytes.begin(), key_size, bytes_.begin()); }

Secret::~Secret() { wipe(bytes_); }

bool Secret::is_zero() const noexcept { return equal(bytes_, std::array<std::uint8_t, key_size>{}); }

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

std::string to_base64(Bytes key) { return Botan::base64_encode(key.data(), key.size()); }

// Whoever decodes leniently takes several texts for one key; only the one that we would write is good.
std::optional<std::array<std::uint8_t, key_size>> key_from_base64(std::string_view text) {
    Botan::secure_vector<std::uint8_t> bytes;
    if (!botan::succeeds([&] { bytes = Botan::base64_decode(text.data(), text.size(), false); })) return std::nullopt;
    if (bytes.size() != key_size) return std::nullopt;
    std::string again = to_base64(bytes);
    const bool canonical = again == text;
    Botan::secure_scrub_memory(again.data(), again.size());
    if (!canonical) return std::nullopt;
    std::array<std::uint8_t, key_size> key;
    std::copy(bytes.begin(), bytes.end(), key.begin());
    return key;
}

}  // namespace postern::noise
