// The bytes of an input as a stream of choices: what a structure-aware target builds its world from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "base/bytes.h"

namespace postern::test {

// Behind the end every choice is the first one, so that every input is whole and a short one is a small world.
class Choices {
public:
    explicit Choices(Bytes bytes) : rest_{bytes} {}

    [[nodiscard]] bool left() const noexcept { return !rest_.empty(); }
    [[nodiscard]] Bytes rest() const noexcept { return rest_; }

    std::uint8_t u8() noexcept {
        const Bytes one = take(1);
        return one.empty() ? std::uint8_t{0} : one[0];
    }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
    bool flip() noexcept { return (u8() & 1) != 0; }

    // From 0 to count - 1; count is at most 256.
    std::size_t below(std::size_t count) noexcept { return u8() % count; }

    template <class List>
    const auto& of(const List& list) noexcept {
        return list[below(std::size(list))];
    }

    Bytes take(std::size_t most) noexcept {
        const Bytes taken = rest_.first(std::min(most, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::string text(std::size_t most) {
        const Bytes bytes = take(most);
        return {bytes.begin(), bytes.end()};
    }

private:
    Bytes rest_;
};

}  // namespace postern::test
