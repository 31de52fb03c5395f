// Keys, and secrets that wipe themselves.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern::noise {

inline constexpr std::size_t key_size = 32;

// An X25519 public key as it travels (RFC 7748 section 5).
using PublicKey = std::array<std::uint8_t, key_size>;

// Overwrites with zeros in a way that no compiler leaves out.
void wipe(MutableBytes bytes) noexcept;

// 32 secret bytes: a private key, a preshared key or a product. Wiped when it goes; every copy wipes itself too.
class Secret {
public:
    Secret() = default;                     // all zero
    explicit Secret(Bytes bytes) noexcept;  // exactly key_size bytes
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;

    [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool is_zero() const noexcept;  // in constant time

private:
    std::array<std::uint8_t, key_size> bytes_{};
};

struct KeyPair {
    Secret private_key;
    PublicKey public_key{};

    // The pair that belongs to a private key.
    [[nodiscard]] static KeyPair from(const Secret& private_key);
};

// False where the key's little-endian value is 2^255 - 19 or more; such keys are refused before use.
[[nodiscard]] bool is_canonical(const PublicKey& key) noexcept;

// False for the points whose product with any private key is zero; such client keys are refused at load.
[[nodiscard]] bool is_contributory(const PublicKey& key);

// X25519 (RFC 7748). Nothing where `theirs` is not canonical or the product is all zero.
[[nodiscard]] std::optional<Secret> diffie_hellman(const Secret& ours, const PublicKey& theirs);

// Standard base64 with padding, 44 characters (RFC 4648 section 4); nothing on anything else.
[[nodiscard]] std::string to_base64(Bytes key);
[[nodiscard]] std::optional<std::array<std::uint8_t, key_size>> key_from_base64(std::string_view text);

}  // namespace postern::noise
