#include "base/siphash.h"

#include <algorithm>
#include <bit>

namespace postern {
namespace {

std::uint64_t little_endian(Bytes bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
}

struct State {
    std::uint64_t v0, v1, v2, v3;

    void rounds(int count) noexcept {
        for (; count > 0; --count) {
            v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
            v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
        }
    }
    void absorb(std::uint64_t word) noexcept {
        v3 ^= word;
        rounds(2);
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t siphash(const SipKey& key, Bytes message) noexcept {
    const std::uint64_t k0 = little_endian(Bytes{key}.first(8));
    const std::uint64_t k1 = little_endian(Bytes{key}.last(8));
    State state{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
    const std::uint64_t length = std::uint64_t{message.size()} << 56;
    for (; message.size() >= 8; message = message.subspan(8)) state.absorb(little_endian(message.first(8)));
    state.absorb(length | little_endian(message));
    state.v2 ^= 0xff;
    state.rounds(4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace postern
