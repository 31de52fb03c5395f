// The envelope around the Noise message: sieve, mask and tag, which everybody computes who knows the gateway's public
// key P. Both ends use these; postern-spa(7) specifies them byte by byte.
//
//     nonce[8] | tag[16] | masked ephemeral[32] | R = rest of the Noise message        120 to 512 bytes
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "noise/ik_psk1.h"
#include "noise/keys.h"
#include "noise/mac.h"
#include "spa/jhash.h"

namespace postern::spa {

inline constexpr std::size_t nonce_size = 8;
inline constexpr std::size_t tag_size = 16;
inline constexpr std::size_t shortest = nonce_size + tag_size + noise::overhead;  // bytes of a datagram: no payload
inline constexpr std::size_t longest = 512;
static_assert(shortest == 120);

using Nonce = std::array<std::uint8_t, nonce_size>;
using Tag = std::array<std::uint8_t, tag_size>;

// What everybody who knows the gateway's public key can compute, once per key.
struct GatewayFace {
    noise::PublicKey public_key{};
    noise::Digest sieve_key{};  // SHA-256("postern sieve" | P)
    noise::Digest mask_key{};   // SHA-256("postern mask" | P)
    noise::Digest gate_key{};   // SHA-256("postern gate" | P)

    [[nodiscard]] static GatewayFace of(const noise::PublicKey& key);
};

// One day's sieve: lets through one junk datagram in 65 536, and every genuine one.
struct Sieve {
    std::uint32_t seed = 0;
    std::uint16_t target = 0;

    [[nodiscard]] static Sieve of(const GatewayFace& face, std::int64_t day);
    [[nodiscard]] bool passes(std::span<const std::uint8_t, nonce_size> nonce) const noexcept {
        return jhash(nonce, seed) >> 16 == target;
    }
};

// The key of one slot's tags.
[[nodiscard]] noise::Digest slot_key(const GatewayFace& face, std::int64_t slot);

// `sealed` is masked ephemeral | R. Allocates nothing and does not throw.
[[nodiscard]] Tag tag_of(noise::KeyedMac& slot_mac, Bytes nonce, Bytes sealed) noexcept;

// The ephemeral key with its mask put on or taken off; exactly 32 bytes.
[[nodiscard]] noise::PublicKey masked(const GatewayFace& face, Bytes nonce, Bytes ephemeral, Bytes rest);

// What the Noise message is bound to: "postern/1" | length[2] | gateway name | nonce | slot[8].
[[nodiscard]] std::vector<std::uint8_t> prologue(std::string_view gateway_name, Bytes nonce, std::int64_t slot);

// The datagram around a Noise message of at least 32 bytes; the nonce goes in as it is, whether it passes the sieve or
// not.
[[nodiscard]] std::vector<std::uint8_t> wrap(const GatewayFace& face, const Nonce& nonce, std::int64_t slot,
                                             Bytes noise_message);

}  // namespace postern::spa
