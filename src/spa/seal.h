// Making a message: the client's side in one step, and in two for tools that make faulty ones on purpose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spa/claims.h"
#include "spa/entropy.h"
#include "spa/envelope.h"

namespace postern::spa {

// Every genuine message has a length from here to `longest`, drawn before anything else, so that it says nothing about
// the content.
inline constexpr std::size_t shortest_sealed = 384;

// What the records of one message may take: what fits into the shortest.
inline constexpr std::size_t content_limit = shortest_sealed - shortest;

struct Sender {
    noise::KeyPair client;
    noise::Secret psk;         // all zero: none
    std::string gateway_name;  // canonical, exactly as the gateway is configured; 1 to 253 bytes
    noise::PublicKey gateway{};
};

// Everything a datagram is made of. prepare() fills it so that the gateway takes it; each member may then be spoiled.
struct SealParts {
    Sender sender;
    noise::KeyPair ephemeral;
    Nonce nonce{};                      // passes the sieve of the slot's day
    std::int64_t slot = 0;              // in the prologue
    std::int64_t tag_slot = 0;          // under the tag; the same
    std::vector<std::uint8_t> payload;  // padded; the datagram is 120 bytes longer
};

// Nothing where the name or the claims do not fit. Takes 1 or more bytes of entropy for the length, 32 for the
// ephemeral key, and about half a megabyte, 4096 bytes at a time, for the nonce.
[[nodiscard]] std::optional<SealParts> prepare(const Sender& sender, const Claims& claims, Entropy& entropy);

// The Noise message alone, and the whole datagram. Nothing where a key is unusable.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> noise_message(const SealParts& parts);
[[nodiscard]] std::optional<std::vector<std::uint8_t>> assemble(const SealParts& parts);

// One datagram for `claims`, its length drawn uniformly from 384 to 512 bytes. Time is claims.time, read once. About a
// millisecond: the nonce is redrawn until it passes the sieve. Nothing where a key is unusable or the claims do not
// fit.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> seal(const Sender& sender, const Claims& claims,
                                                            Entropy& entropy);

}  // namespace postern::spa
