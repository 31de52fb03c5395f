// Entropy for tests: seeded, so that a failure comes again, or scripted to the byte.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "spa/entropy.h"

namespace postern::test {

class SeededEntropy : public spa::Entropy {
public:
    explicit SeededEntropy(std::uint64_t seed) : engine_{seed} {}
    void fill(MutableBytes bytes) override {
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine_() >> 24);
    }

private:
    std::mt19937_64 engine_;
};

// Answers one seal(): these bytes for the length, this nonce in every draw, this for the ephemeral key.
class ScriptedEntropy : public spa::Entropy {
public:
    ScriptedEntropy(std::vector<std::uint8_t> lengths, std::vector<std::uint8_t> nonce,
                    std::vector<std::uint8_t> fresh = std::vector<std::uint8_t>(32, 0))
        : lengths_{std::move(lengths)}, nonce_{std::move(nonce)}, fresh_{std::move(fresh)} {}

    void fill(MutableBytes bytes) override {
        if (bytes.size() == 1)
            bytes[0] = lengths_.at(next_++);
        else if (bytes.size() == fresh_.size())
            std::copy(fresh_.begin(), fresh_.end(), bytes.begin());
        else
            for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = nonce_[i % nonce_.size()];
    }
    [[nodiscard]] std::size_t lengths_drawn() const { return next_; }

private:
    std::vector<std::uint8_t> lengths_, nonce_, fresh_;
    std::size_t next_ = 0;
};

}  // namespace postern::test
