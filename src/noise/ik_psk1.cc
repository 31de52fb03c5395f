#include "noise/ik_psk1.h"

#include <algorithm>
#include <string_view>

namespace postern::noise {

namespace {

constexpr std::string_view protocol_name = "Noise_IKpsk1_25519_ChaChaPoly_SHA256";

// What both sides know before the first byte: the prologue, and "<- s".
SymmetricState begin(Bytes prologue, const PublicKey& responder) {
    SymmetricState state{protocol_name};
    state.mix_hash(prologue);
    state.mix_hash(responder);
    return state;
}

// Token "e" of a psk handshake (section 9.2): the key is hashed and mixed in, so that the psk never keys two messages.
void mix_ephemeral(SymmetricState& state, const PublicKey& ephemeral) {
    state.mix_hash(ephemeral);
    state.mix_key(ephemeral);
}

PublicKey to_key(Bytes bytes) {
    PublicKey key;
    std::copy_n(bytes.begin(), key_size, key.begin());
    return key;
}

void append(std::vector<std::uint8_t>& message, Bytes bytes) {
    message.insert(message.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::optional<std::vector<std::uint8_t>> write_first_message(Bytes prologue, const KeyPair& ours,
                                                             const KeyPair& ephemeral, const PublicKey& responder,
                                                             const Secret& psk, Bytes payload) {
    const auto es = diffie_hellman(ephemeral.private_key, responder);
    const auto ss = diffie_hellman(ours.private_key, responder);
    if (!es || !ss) return std::nullopt;

    SymmetricState state = begin(prologue, responder);
    std::vector<std::uint8_t> message(ephemeral.public_key.begin(), ephemeral.public_key.end());
    mix_ephemeral(state, ephemeral.public_key);
    state.mix_key(es->bytes());
    append(message, state.encrypt_and_hash(ours.public_key));
    state.mix_key(ss->bytes());
    state.mix_key_and_hash(psk.bytes());
    append(message, state.encrypt_and_hash(payload));
    return message;
}

std::optional<FirstMessage> FirstMessage::read(Bytes prologue, const KeyPair& ours, Bytes message) {
    if (message.size() < overhead) return std::nullopt;
    const PublicKey ephemeral = to_key(message);
    const auto es = diffie_hellman(ours.private_key, ephemeral);
    if (!es) return std::nullopt;

    SymmetricState state = begin(prologue, ours.public_key);
    mix_ephemeral(state, ephemeral);
    state.mix_key(es->bytes());
    const auto client = state.decrypt_and_hash(message.subspan(ephemeral_size, sealed_static_size));
    if (!client || !is_canonical(to_key(*client))) return std::nullopt;
    return FirstMessage{std::move(state), to_key(*client), message.subspan(ephemeral_size + sealed_static_size)};
}

std::optional<std::vector<std::uint8_t>> FirstMessage::open(const Secret& static_static, const Secret& psk) {
    state_.mix_key(static_static.bytes());
    state_.mix_key_and_hash(psk.bytes());
    return state_.decrypt_and_hash(sealed_payload_);
}

Digest FirstMessage::hash() const noexcept {
    Digest digest;
    std::copy_n(state_.handshake_hash().begin(), digest.size(), digest.begin());
    return digest;
}

}  // namespace postern::noise
