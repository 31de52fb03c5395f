// The first message of Noise_IKpsk1_25519_ChaChaPoly_SHA256 (Noise revision 34), from both ends:
//
//     <- s
//     ...
//     -> e, es, s, ss, psk
//
//     e[32] | static key sealed[32 + 16] | payload sealed[n + 16]
//
// The responder's side stops in the middle, where it knows who claims to speak: the caller looks the client up and
// hands in the static-static product and the preshared key, dummies for a stranger.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "noise/keys.h"
#include "noise/mac.h"
#include "noise/symmetric_state.h"

namespace postern::noise {

inline constexpr std::size_t ephemeral_size = 32;
inline constexpr std::size_t sealed_static_size = 32 + 16;
inline constexpr std::size_t overhead = ephemeral_size + sealed_static_size + 16;  // of a message over its payload

// The message, or nothing where a key is unusable.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> write_first_message(Bytes prologue, const KeyPair& ours,
                                                                           const KeyPair& ephemeral,
                                                                           const PublicKey& responder,
                                                                           const Secret& psk, Bytes payload);

// The responder's side of one message; lives as long as that message is read.
class FirstMessage {
public:
    // Reads e, es and s: one X25519. Nothing where the message is short, a key is unusable or the seal fails.
    [[nodiscard]] static std::optional<FirstMessage> read(Bytes prologue, const KeyPair& ours, Bytes message);

    // The client's static key: what the message claims, proved only by open().
    [[nodiscard]] const PublicKey& client() const noexcept { return client_; }

    // Mixes ss and psk in and opens the payload. Nothing where the seal fails.
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> open(const Secret& static_static, const Secret& psk);

    // The handshake hash h after open(): names this message for the replay memory.
    [[nodiscard]] Digest hash() const noexcept;

private:
    FirstMessage(SymmetricState state, const PublicKey& client, Bytes sealed_payload)
        : state_{std::move(state)}, client_{client}, sealed_payload_(sealed_payload.begin(), sealed_payload.end()) {}

    SymmetricState state_;
    PublicKey client_;
    std::vector<std::uint8_t> sealed_payload_;
};

}  // namespace postern::noise
