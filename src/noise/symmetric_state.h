// CipherState and SymmetricState of the Noise Protocol Framework, revision 34, sections 5.1 and 5.2, with ChaChaPoly.
//
// Which tokens a pattern has and in which order they come is for the handshake that drives this (ik_psk1.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "noise/aead.h"
#include "noise/hash.h"
#include "noise/keys.h"

namespace postern::noise {

// A key and the counter of its messages; without a key, text passes as it is.
class CipherState {
public:
    CipherState() = default;
    explicit CipherState(Bytes key) : key_{Secret{key}} {}  // InitializeKey; the first 32 bytes are the key

    // EncryptWithAd. The counter cannot run out: nobody here seals 2^64 messages.
    [[nodiscard]] std::vector<std::uint8_t> seal(Bytes associated, Bytes plaintext);

    // DecryptWithAd. Nothing where the tag does not hold; the counter then stays.
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> open(Bytes associated, Bytes sealed);

private:
    [[nodiscard]] AeadNonce nonce() const noexcept;

    std::optional<Secret> key_;
    std::uint64_t counter_ = 0;
};

class SymmetricState {
public:
    // InitializeSymmetric. The hash must be the one the name ends in, and be available.
    explicit SymmetricState(std::string_view protocol_name, Hash hash = Hash::sha256);

    void mix_key(Bytes input);
    void mix_hash(Bytes data);
    void mix_key_and_hash(Bytes input);

    [[nodiscard]] std::vector<std::uint8_t> encrypt_and_hash(Bytes plaintext);

    // Nothing where the tag does not hold; the state is of no use afterwards.
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> decrypt_and_hash(Bytes sealed);

    // GetHandshakeHash; the view lives until the state changes.
    [[nodiscard]] Bytes handshake_hash() const noexcept { return h_.bytes(); }

    // Split: the initiator's sending state, then the responder's.
    [[nodiscard]] std::pair<CipherState, CipherState> split() const;

private:
    Hash hash_;
    HashValue ck_;  // the chaining key
    HashValue h_;   // the hash of everything said so far
    CipherState cipher_;
};

}  // namespace postern::noise
