// The hash functions that a Noise protocol name can end in, plain and as HMAC (RFC 2104).
//
// postern itself speaks SHA-256 only; the others let the public Noise vectors run through the same code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "noise/keys.h"

namespace postern::noise {

enum class Hash : std::uint8_t { sha256, blake2b, blake2s };

// HASHLEN of Noise section 4.3.
[[nodiscard]] constexpr std::size_t hash_size(Hash hash) noexcept { return hash == Hash::blake2b ? 64 : 32; }

// False where the Botan at hand lacks it.
[[nodiscard]] bool is_available(Hash hash);

// The output of one of them, hash_size() bytes. Wiped when it goes: chaining keys live in here.
class HashValue {
public:
    explicit HashValue(std::size_t size) noexcept : size_{size} {}
    ~HashValue() { wipe(bytes_); }
    HashValue(const HashValue&) = default;
    HashValue& operator=(const HashValue&) = default;

    [[nodiscard]] Bytes bytes() const noexcept { return {bytes_.data(), size_}; }
    [[nodiscard]] MutableBytes writable() noexcept { return {bytes_.data(), size_}; }

private:
    std::array<std::uint8_t, 64> bytes_{};
    std::size_t size_;
};

// Of the parts, one behind the other. The hash must be available.
[[nodiscard]] HashValue digest(Hash hash, std::initializer_list<Bytes> parts);
[[nodiscard]] HashValue hmac(Hash hash, Bytes key, std::initializer_list<Bytes> parts);

}  // namespace postern::noise
