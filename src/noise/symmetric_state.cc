#include "noise/symmetric_state.h"

#include <algorithm>

namespace postern::noise {

namespace {

// HKDF of section 4.3: the first two outputs, and a third where it is asked for.
struct Expansion {
    HashValue first, second;

    Expansion(Hash hash, Bytes chaining_key, Bytes input)
        : first{hash_size(hash)}, second{hash_size(hash)}, hash_{hash}, temporary_{hmac(hash, chaining_key, {input})} {
        first = next({});
        second = next(first.bytes());
    }

    [[nodiscard]] HashValue third() { return next(second.bytes()); }

private:
    HashValue next(Bytes previous) {
        ++counter_;
        return hmac(hash_, temporary_.bytes(), {previous, Bytes{&counter_, 1}});
    }

    Hash hash_;
    HashValue temporary_;
    std::uint8_t counter_ = 0;
};

// A name longer than the hash is hashed, a shorter one padded with zeros.
HashValue initial_hash(std::string_view protocol_name, Hash hash) {
    const Bytes name = as_bytes(protocol_name);
    if (name.size() > hash_size(hash)) return digest(hash, {name});
    HashValue h{hash_size(hash)};
    std::copy(name.begin(), name.end(), h.writable().begin());
    return h;
}

}  // namespace

AeadNonce CipherState::nonce() const noexcept {
    AeadNonce nonce{};  // section 12.3: 32 zero bits, then the counter, little-endian
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
    return nonce;
}

std::vector<std::uint8_t> CipherState::seal(Bytes associated, Bytes plaintext) {
    if (!key_) return {plaintext.begin(), plaintext.end()};
    auto sealed = aead_seal(*key_, nonce(), associated, plaintext);
    ++counter_;
    return sealed;
}

std::optional<std::vector<std::uint8_t>> CipherState::open(Bytes associated, Bytes sealed) {
    if (!key_) return std::vector<std::uint8_t>(sealed.begin(), sealed.end());
    auto plaintext = aead_open(*key_, nonce(), associated, sealed);
    if (plaintext) ++counter_;
    return plaintext;
}

SymmetricState::SymmetricState(std::string_view protocol_name, Hash hash)
    : hash_{hash}, ck_{initial_hash(protocol_name, hash)}, h_{ck_} {}

void SymmetricState::mix_key(Bytes input) {
    const Expansion out{hash_, ck_.bytes(), input};
    ck_ = out.first;
    cipher_ = CipherState{out.second.bytes()};
}

void SymmetricState::mix_hash(Bytes data) { h_ = digest(hash_, {h_.bytes(), data}); }

void SymmetricState::mix_key_and_hash(Bytes input) {
    Expansion out{hash_, ck_.bytes(), input};
    ck_ = out.first;
    mix_hash(out.second.bytes());
    cipher_ = CipherState{out.third().bytes()};
}

std::vector<std::uint8_t> SymmetricState::encrypt_and_hash(Bytes plaintext) {
    auto sealed = cipher_.seal(h_.bytes(), plaintext);
    mix_hash(sealed);
    return sealed;
}

std::optional<std::vector<std::uint8_t>> SymmetricState::decrypt_and_hash(Bytes sealed) {
    auto plaintext = cipher_.open(h_.bytes(), sealed);
    if (plaintext) mix_hash(sealed);
    return plaintext;
}

std::pair<CipherState, CipherState> SymmetricState::split() const {
    const Expansion out{hash_, ck_.bytes(), {}};
    return {CipherState{out.first.bytes()}, CipherState{out.second.bytes()}};
}

}  // namespace postern::noise
