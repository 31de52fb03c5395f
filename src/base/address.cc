#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace postern {
namespace {

int af(Family family) noexcept { return family == Family::v4 ? AF_INET : AF_INET6; }

}  // namespace

IpAddress IpAddress::v4(Bytes four) noexcept {
    IpAddress address{Family::v4, {}};
    std::copy_n(four.begin(), 4, address.octets.begin());
    return address;
}

IpAddress IpAddress::v6(Bytes sixteen) noexcept {
    IpAddress address{Family::v6, {}};
    std::copy_n(sixteen.begin(), 16, address.octets.begin());
    return address;
}

IpAddress IpAddress::masked(unsigned bits) const noexcept {
    IpAddress result = *this;
    for (unsigned i = 0; i < result.octets.size(); ++i) {
        const unsigned kept = std::clamp(static_cast<int>(bits) - static_cast<int>(8 * i), 0, 8);
        result.octets[i] &= static_cast<std::uint8_t>(0xff00u >> kept);
    }
    return result;
}

std::string to_text(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(af(address.family), address.octets.data(), text.data(), text.size());
    return text.data();
}

std::string to_text(const Prefix& prefix) {
    std::string text = to_text(prefix.address);
    if (prefix.length != address_bits(prefix.address.family)) text += "/" + std::to_string(prefix.length);
    return text;
}

std::optional<IpAddress> parse_address(std::string_view text) {
    if (text.find('\0') != text.npos) return std::nullopt;  // inet_pton would read up to there and be content
    IpAddress address{text.find(':') == text.npos ? Family::v4 : Family::v6, {}};
    if (::inet_pton(af(address.family), std::string{text}.c_str(), address.octets.data()) != 1) return std::nullopt;
    return address;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    Prefix prefix{*address, address_bits(address->family)};
    if (slash != text.npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix.length);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        if (prefix.length > address_bits(address->family)) return std::nullopt;
    }
    if (address->masked(prefix.length) != *address) return std::nullopt;
    return prefix;
}

}  // namespace postern
