// AEAD_CHACHA20_POLY1305 (RFC 8439 section 2.8) over Botan.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "noise/keys.h"

namespace postern::noise {

inline constexpr std::size_t aead_tag_size = 16;

using AeadNonce = std::array<std::uint8_t, 12>;

// The ciphertext with its tag behind it. A nonce must never meet the same key twice.
[[nodiscard]] std::vector<std::uint8_t> aead_seal(const Secret& key, const AeadNonce& nonce, Bytes associated,
                                                  Bytes plaintext);

// Nothing where the tag does not hold, or is not there.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> aead_open(const Secret& key, const AeadNonce& nonce,
                                                                 Bytes associated, Bytes sealed);

}  // namespace postern::noise
