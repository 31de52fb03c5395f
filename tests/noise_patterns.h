// A small general Noise handshake over SymmetricState: patterns as lists of tokens, so that the public vectors of many
// protocols run through the same code that carries postern's one handshake.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "noise/symmetric_state.h"

namespace postern::test {

struct NoisePattern {
    std::string name;                                // as in the protocol name: "IKpsk1"
    bool sender_static_known = false;                // pre-message "-> s"
    std::vector<std::vector<std::string>> messages;  // the first is the initiator's, then they alternate
};

inline const NoisePattern& noise_pattern(const std::string& name) {
    static const std::vector<NoisePattern> patterns{
        {"N", false, {{"e", "es"}}},
        {"K", true, {{"e", "es", "ss"}}},
        {"X", false, {{"e", "es", "s", "ss"}}},
        {"IK", false, {{"e", "es", "s", "ss"}, {"e", "ee", "se"}}},
        {"Npsk0", false, {{"psk", "e", "es"}}},
        {"Kpsk0", true, {{"psk", "e", "es", "ss"}}},
        {"Xpsk1", false, {{"e", "es", "s", "ss", "psk"}}},
        {"IKpsk1", false, {{"e", "es", "s", "ss", "psk"}, {"e", "ee", "se"}}},
        {"IKpsk2", false, {{"e", "es", "s", "ss"}, {"e", "ee", "se", "psk"}}},
    };
    return *std::find_if(patterns.begin(), patterns.end(), [&](const auto& p) { return p.name == name; });
}

// "Noise_IKpsk1_25519_ChaChaPoly_SHA256" in its parts.
struct ProtocolName {
    std::string whole;
    NoisePattern pattern;
    noise::Hash hash;

    explicit ProtocolName(const std::string& name)
        : whole{name}, pattern{noise_pattern(name.substr(6, name.find('_', 6) - 6))}, hash{hash_of(name)} {}

    static noise::Hash hash_of(const std::string& name) {
        if (name.ends_with("BLAKE2b")) return noise::Hash::blake2b;
        return name.ends_with("BLAKE2s") ? noise::Hash::blake2s : noise::Hash::sha256;
    }
};

// What one side brings; empty members are not known, or not used by the pattern.
struct NoiseParty {
    bool initiator = true;
    std::vector<std::uint8_t> prologue;
    std::optional<noise::KeyPair> static_key, ephemeral;
    std::optional<noise::PublicKey> remote_static, remote_ephemeral;
    std::vector<noise::Secret> psks;  // in the order of use
};

class NoiseHandshake {
public:
    NoiseHandshake(const ProtocolName& protocol, NoiseParty party)
        : pattern_{protocol.pattern}, party_{std::move(party)}, state_{protocol.whole, protocol.hash} {
        state_.mix_hash(party_.prologue);
        if (pattern_.sender_static_known) state_.mix_hash(static_of(true));
        state_.mix_hash(static_of(false));
    }

    std::optional<std::vector<std::uint8_t>> write(Bytes payload) {
        std::vector<std::uint8_t> message;
        for (const auto& token : pattern_.messages.at(next_++)) {
            if (token == "e")
                append(message, ephemeral(party_.ephemeral->public_key));
            else if (token == "s")
                append(message, state_.encrypt_and_hash(party_.static_key->public_key));
            else if (!mix(token))
                return std::nullopt;
        }
        append(message, state_.encrypt_and_hash(payload));
        return message;
    }

    std::optional<std::vector<std::uint8_t>> read(Bytes message) {
        for (const auto& token : pattern_.messages.at(next_++)) {
            if (token == "e" && !read_ephemeral(message)) return std::nullopt;
            if (token == "s" && !read_static(message)) return std::nullopt;
            if (token != "e" && token != "s" && !mix(token)) return std::nullopt;
        }
        return state_.decrypt_and_hash(message);
    }

    [[nodiscard]] bool finished() const { return next_ == pattern_.messages.size(); }
    [[nodiscard]] noise::SymmetricState& state() { return state_; }

private:
    static void append(std::vector<std::uint8_t>& out, Bytes bytes) {
        out.insert(out.end(), bytes.begin(), bytes.end());
    }

    Bytes static_of(bool initiator) const {
        if (initiator == party_.initiator) return party_.static_key->public_key;
        return *party_.remote_static;
    }

    Bytes ephemeral(const noise::PublicKey& key) {
        state_.mix_hash(key);
        if (pattern_.name.find("psk") != std::string::npos) state_.mix_key(key);
        return key;
    }

    bool read_ephemeral(Bytes& message) {
        if (message.size() < noise::key_size) return false;
        party_.remote_ephemeral.emplace();
        std::copy_n(message.begin(), noise::key_size, party_.remote_ephemeral->begin());
        message = message.subspan(noise::key_size);
        ephemeral(*party_.remote_ephemeral);
        return true;
    }

    bool read_static(Bytes& message) {
        constexpr std::size_t sealed = noise::key_size + noise::aead_tag_size;  // every "s" here follows a key
        if (message.size() < sealed) return false;
        const auto key = state_.decrypt_and_hash(message.first(sealed));
        message = message.subspan(sealed);
        if (!key) return false;
        party_.remote_static.emplace();
        std::copy_n(key->begin(), noise::key_size, party_.remote_static->begin());
        return true;
    }

    // psk, or a product named by the initiator's key and then the responder's.
    bool mix(std::string_view token) {
        if (token == "psk") {
            state_.mix_key_and_hash(party_.psks.at(next_psk_++).bytes());
            return true;
        }
        const bool ours_static = token[party_.initiator ? 0 : 1] == 's';
        const bool theirs_static = token[party_.initiator ? 1 : 0] == 's';
        const auto product = noise::diffie_hellman((ours_static ? party_.static_key : party_.ephemeral)->private_key,
                                                   theirs_static ? *party_.remote_static : *party_.remote_ephemeral);
        if (product) state_.mix_key(product->bytes());
        return product.has_value();
    }

    NoisePattern pattern_;
    NoiseParty party_;
    noise::SymmetricState state_;
    std::size_t next_ = 0;
    std::size_t next_psk_ = 0;
};

}  // namespace postern::test
