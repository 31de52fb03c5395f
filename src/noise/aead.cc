#include "noise/aead.h"

#include "noise/botan.h"

namespace postern::noise {

namespace {

template <class Direction>
std::vector<std::uint8_t> process(Direction direction, const Secret& key, const AeadNonce& nonce, Bytes associated,
                                  Bytes input) {
    const auto aead = Botan::AEAD_Mode::create_or_throw("ChaCha20Poly1305", direction);
    aead->set_key(key.bytes().data(), key.bytes().size());
    aead->set_associated_data(associated.data(), associated.size());
    aead->start(nonce.data(), nonce.size());
    Botan::secure_vector<std::uint8_t> text(input.begin(), input.end());
    aead->finish(text);
    return {text.begin(), text.end()};
}

}  // namespace

std::vector<std::uint8_t> aead_seal(const Secret& key, const AeadNonce& nonce, Bytes associated, Bytes plaintext) {
    return process(botan::encryption, key, nonce, associated, plaintext);
}

std::optional<std::vector<std::uint8_t>> aead_open(const Secret& key, const AeadNonce& nonce, Bytes associated,
                                                   Bytes sealed) {
    if (sealed.size() < aead_tag_size) return std::nullopt;
    std::vector<std::uint8_t> plaintext;
    if (!botan::succeeds([&] { plaintext = process(botan::decryption, key, nonce, associated, sealed); }))
        return std::nullopt;
    return plaintext;
}

}  // namespace postern::noise
