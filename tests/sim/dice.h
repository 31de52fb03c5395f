// All randomness of a simulated world: from its seed, the same on every machine. Each actor has dice of its own, so
// that one that throws more often leaves the others' throws as they were.
#pragma once

#include <cstdint>
#include <iterator>

#include "base/bytes.h"
#include "base/time.h"
#include "spa/entropy.h"

namespace postern::sim {

class Dice : public spa::Entropy {
public:
    explicit Dice(std::uint64_t seed) noexcept : state_{seed} {}

    // SplitMix64 (Steele, Lea, Flood 2014): the standard library's distributions differ between libraries.
    std::uint64_t draw() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    std::uint64_t below(std::uint64_t end) noexcept { return end == 0 ? 0 : draw() % end; }
    std::uint64_t between(std::uint64_t first, std::uint64_t last) noexcept { return first + below(last - first + 1); }
    bool chance(unsigned percent) noexcept { return below(100) < percent; }
    std::uint16_t port() noexcept { return static_cast<std::uint16_t>(between(1, 65535)); }

    // Ends included, to the microsecond.
    Duration between(Duration first, Duration last) noexcept {
        const auto steps = static_cast<std::uint64_t>((last - first) / std::chrono::microseconds{1});
        return first + std::chrono::microseconds{below(steps + 1)};
    }
    template <class Row>
    auto& pick(Row& row) noexcept {
        return row[below(std::size(row))];
    }
    Dice split() noexcept { return Dice{draw()}; }

    void fill(MutableBytes bytes) override {
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(draw());
    }

private:
    std::uint64_t state_;
};

}  // namespace postern::sim
