// Byte views, a reader that cannot leave its bounds, and hexadecimal text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// Reads big-endian integers and runs of bytes from the front. The first read past the end fails, and so does every read
// after it: check ok() once, at the end of a group of reads. Failed reads return zeros or an empty view.
class Reader {
public:
    constexpr explicit Reader(Bytes bytes) noexcept : rest_{bytes} {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    [[nodiscard]] constexpr Bytes rest() const noexcept { return rest_; }
    [[nodiscard]] constexpr std::size_t left() const noexcept { return rest_.size(); }

    constexpr std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(big_endian(1)); }
    constexpr std::uint16_t be16() noexcept { return static_cast<std::uint16_t>(big_endian(2)); }
    constexpr std::uint32_t be32() noexcept { return static_cast<std::uint32_t>(big_endian(4)); }
    constexpr std::uint64_t be64() noexcept { return big_endian(8); }

    constexpr Bytes take(std::size_t count) noexcept {
        if (count > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const Bytes taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

private:
    constexpr std::uint64_t big_endian(std::size_t count) noexcept {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : take(count)) value = value << 8 | byte;
        return value;
    }

    Bytes rest_;
    bool ok_ = true;
};

// The big-endian bytes of an unsigned integer.
template <class Unsigned>
[[nodiscard]] constexpr std::array<std::uint8_t, sizeof(Unsigned)> big_endian(Unsigned value) noexcept {
    std::array<std::uint8_t, sizeof(Unsigned)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(value >> (8 * (bytes.size() - 1 - i)));
    return bytes;
}

// The bytes of a text, without a terminator; the view lives as long as the text does.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(Bytes bytes);

// Accepts upper and lower case; nothing on an odd length or a foreign character.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

}  // namespace postern
