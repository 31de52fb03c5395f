// Linux's jhash() (include/linux/jhash.h, after Bob Jenkins' lookup3) of eight bytes: what the nft rule of the sieve
// computes over the first bytes of a datagram. A table hash, no cryptography.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace postern::spa {

namespace detail {
constexpr std::uint32_t little_endian(std::span<const std::uint8_t, 4> bytes) noexcept {
    return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
           static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}
}  // namespace detail

// `seed` is the kernel function's initval. The bytes are read as two little-endian words, as every gateway that is
// little-endian itself reads them.
[[nodiscard]] constexpr std::uint32_t jhash(std::span<const std::uint8_t, 8> bytes, std::uint32_t seed) noexcept {
    std::uint32_t a = 0xdeadbeef + 8 + seed;
    std::uint32_t b = a + detail::little_endian(bytes.last<4>());
    std::uint32_t c = a;
    a += detail::little_endian(bytes.first<4>());

    c = (c ^ b) - std::rotl(b, 14);
    a = (a ^ c) - std::rotl(c, 11);
    b = (b ^ a) - std::rotl(a, 25);
    c = (c ^ b) - std::rotl(b, 16);
    a = (a ^ c) - std::rotl(c, 4);
    b = (b ^ a) - std::rotl(a, 14);
    c = (c ^ b) - std::rotl(b, 24);
    return c;
}

}  // namespace postern::spa
