// IP addresses and prefixes of both families, their order, their text (RFC 5952) and their masking.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

[[nodiscard]] constexpr unsigned address_bits(Family family) noexcept { return family == Family::v4 ? 32 : 128; }

// An address in network byte order; an IPv4 address fills the first four bytes, the rest are zero.
struct IpAddress {
    Family family = Family::v4;
    std::array<std::uint8_t, 16> octets{};

    [[nodiscard]] static IpAddress v4(Bytes four) noexcept;     // exactly 4 bytes
    [[nodiscard]] static IpAddress v6(Bytes sixteen) noexcept;  // exactly 16 bytes

    [[nodiscard]] Bytes bytes() const noexcept { return {octets.data(), address_bits(family) / 8}; }

    // This address with all but the first `bits` bits set to zero.
    [[nodiscard]] IpAddress masked(unsigned bits) const noexcept;

    auto operator<=>(const IpAddress&) const = default;
};

// An address with a length: 192.0.2.0/28. A bare address is the prefix of full length.
struct Prefix {
    IpAddress address;
    unsigned length = 0;  // bits, 0 to address_bits(family)

    [[nodiscard]] bool contains(const IpAddress& other) const noexcept {
        return other.family == address.family && other.masked(length) == address;
    }
    auto operator<=>(const Prefix&) const = default;
};

[[nodiscard]] std::string to_text(const IpAddress& address);
[[nodiscard]] std::string to_text(const Prefix& prefix);  // a full-length prefix prints as a bare address

[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);

// Refuses host bits behind the length: 192.0.2.1/28 is a mistake, not a prefix.
[[nodiscard]] std::optional<Prefix> parse_prefix(std::string_view text);

}  // namespace postern
