// A client written from postern-spa(7) alone: it makes a datagram step by step from SHA-256, HMAC, X25519 and
// ChaCha20-Poly1305, and names every value on the way as the manual's worked examples do.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "noise/aead.h"
#include "noise/keys.h"
#include "noise/mac.h"
#include "noise_keys.h"

namespace postern::test {

class WorkedExample {
public:
    using Buffer = std::vector<std::uint8_t>;
    using Values = std::vector<std::pair<std::string, std::string>>;  // name, text; in the order of the manual

    // `given`: what the manual says the client has: names of the first ten values.
    explicit WorkedExample(const std::map<std::string, std::string>& given) : given_{given} {
        for (const char* name : {"gateway name", "time"}) values_.emplace_back(name, given_.at(name));
        for (const char* name : {"gateway private key", "client private key", "preshared key", "ephemeral private key",
                                 "nonce", "payload"})
            keep(name, from_hex(given_.at(name)).value());
        keys();
        envelope_before();
        noise();
        envelope_behind();
    }

    [[nodiscard]] const Values& values() const { return values_; }
    [[nodiscard]] const Buffer& at(const std::string& name) const { return kept_.at(name); }

private:
    static Bytes view(const noise::Secret& secret) { return secret.bytes(); }
    static Bytes view(Bytes bytes) { return bytes; }

    template <class Value>
    const Buffer& keep(const std::string& name, const Value& value) {
        const Bytes bytes = view(value);
        values_.emplace_back(name, to_hex(bytes));
        return kept_[name] = Buffer(bytes.begin(), bytes.end());
    }

    noise::Secret secret_of(const std::string& name) const { return noise::Secret{at(name)}; }
    noise::PublicKey key_of(const std::string& name) const { return public_key(to_hex(at(name))); }

    static Buffer joined(std::initializer_list<Bytes> parts) {
        Buffer all;
        for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
        return all;
    }

    void keys() {
        for (const std::string who : {"gateway", "client", "ephemeral"})
            keep(who + " public key", noise::KeyPair::from(secret_of(who + " private key")).public_key);
    }

    void envelope_before() {
        std::uint64_t nanoseconds = 0;
        const std::string& time = given_.at("time");
        std::from_chars(time.data(), time.data() + time.size(), nanoseconds);
        const std::uint64_t seconds = nanoseconds / 1'000'000'000;
        keep("day", big_endian(seconds / 86400));
        keep("slot", big_endian(seconds / 128));
        keep("sieve key", noise::sha256({as_bytes("postern sieve"), at("gateway public key")}));
        keep("seed and target", Bytes{noise::hmac_sha256(at("sieve key"), {at("day")})}.first(6));
        keep("jhash of nonce", big_endian(jhash()));
        const std::string& name = given_.at("gateway name");
        keep("prologue", joined({as_bytes("postern/1"), big_endian(static_cast<std::uint16_t>(name.size())),
                                 as_bytes(name), at("nonce"), at("slot")}));
    }

    // As the manual spells it: three words, seven lines.
    std::uint32_t jhash() const {
        const auto word = [&](std::size_t i) {
            const Buffer& n = at("nonce");
            return static_cast<std::uint32_t>(n[i]) | static_cast<std::uint32_t>(n[i + 1]) << 8 |
                   static_cast<std::uint32_t>(n[i + 2]) << 16 | static_cast<std::uint32_t>(n[i + 3]) << 24;
        };
        const auto rotl = [](std::uint32_t x, int n) { return x << n | x >> (32 - n); };
        const std::uint32_t start = 0xdeadbef7 + Reader{at("seed and target")}.be32();
        std::uint32_t a = start + word(0), b = start + word(4), c = start;
        c = (c ^ b) - rotl(b, 14);
        a = (a ^ c) - rotl(c, 11);
        b = (b ^ a) - rotl(a, 25);
        c = (c ^ b) - rotl(b, 16);
        a = (a ^ c) - rotl(c, 4);
        b = (b ^ a) - rotl(a, 14);
        c = (c ^ b) - rotl(b, 24);
        return c;
    }

    // The outputs of HKDF with the chaining key so far: keeps "ck, <step>" and returns the other two.
    std::pair<noise::Digest, noise::Digest> mix(const std::string& step, Bytes input) {
        const auto temporary = noise::hmac_sha256(ck_, {input});
        const std::uint8_t count[] = {1, 2, 3};
        const auto first = noise::hmac_sha256(temporary, {Bytes{count}.subspan(0, 1)});
        const auto second = noise::hmac_sha256(temporary, {first, Bytes{count}.subspan(1, 1)});
        const auto third = noise::hmac_sha256(temporary, {second, Bytes{count}.subspan(2, 1)});
        ck_ = keep("ck, " + step, first);
        return {second, third};
    }

    void mix_hash(const std::string& step, Bytes data) { h_ = keep("h, " + step, noise::sha256({h_, data})); }

    void noise() {
        h_ = keep("h, protocol name", noise::sha256({as_bytes("Noise_IKpsk1_25519_ChaChaPoly_SHA256")}));
        ck_ = h_;
        mix_hash("prologue", at("prologue"));
        mix_hash("gateway public key", at("gateway public key"));
        mix_hash("ephemeral public key", at("ephemeral public key"));
        mix("ephemeral public key", at("ephemeral public key"));

        product("es", "ephemeral private key");
        keep("k, es", mix("es", at("es")).first);
        seal("sealed static key", "k, es", at("client public key"));
        product("ss", "client private key");
        mix("ss", at("ss"));
        const auto [mixed, key] = mix("psk", at("preshared key"));
        mix_hash("psk", keep("temp_h, psk", mixed));
        keep("k, psk", key);
        seal("sealed payload", "k, psk", at("payload"));
    }

    void product(const std::string& name, const std::string& ours) {
        keep(name, noise::diffie_hellman(secret_of(ours), key_of("gateway public key")).value());
    }

    void seal(const std::string& name, const std::string& key, Bytes text) {
        keep(name, noise::aead_seal(secret_of(key), {}, h_, text));
        mix_hash(name, at(name));
    }

    void envelope_behind() {
        const Buffer rest = joined({at("sealed static key"), at("sealed payload")});
        keep("mask key", noise::sha256({as_bytes("postern mask"), at("gateway public key")}));
        keep("mask", noise::hmac_sha256(at("mask key"), {at("nonce"), rest}));
        Buffer masked = at("ephemeral public key");
        for (std::size_t i = 0; i < masked.size(); ++i) masked[i] ^= at("mask")[i];
        keep("masked ephemeral key", masked);
        keep("gate key", noise::sha256({as_bytes("postern gate"), at("gateway public key")}));
        keep("slot key", noise::hmac_sha256(at("gate key"), {at("slot")}));
        const auto mac = noise::hmac_sha256(at("slot key"), {at("nonce"), masked, rest});
        keep("tag", Bytes{mac}.first(16));
        keep("datagram", joined({at("nonce"), at("tag"), masked, rest}));
    }

    std::map<std::string, std::string> given_;
    Values values_;
    std::map<std::string, Buffer> kept_;
    Buffer h_, ck_;
};

}  // namespace postern::test
