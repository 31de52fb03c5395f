// A state with some of everything, and what it is made of.
#pragma once

#include "store/state.h"

namespace postern::test {

template <std::size_t size>
constexpr std::array<std::uint8_t, size> filled(std::uint8_t byte) {
    std::array<std::uint8_t, size> bytes{};
    bytes.fill(byte);
    return bytes;
}

constexpr WallTime at(std::int64_t second) { return wall_time(1'800'000'000 + second); }

inline constexpr store::Bytes32 alices_key = filled<32>(3), bobs_key = filled<32>(4);

inline store::State some_state() {
    store::State state;
    state.id = filled<16>(7);
    state.sequence = 41;
    state.gateway_keys = {filled<32>(1), filled<32>(2)};
    state.replays.used = {{WallTime::min(), at(0)}};
    state.replays.windows = {{alices_key, {{WallTime::min(), at(5)}, {at(90), at(91)}}, {}},
                             {bobs_key, {}, {{at(6), filled<32>(60)}, {at(7), filled<32>(70)}}}};
    state.lines = {filled<32>(11), filled<32>(12)};
    state.covered = TimeSpan{at(-30), at(38)};
    return state;
}

}  // namespace postern::test
