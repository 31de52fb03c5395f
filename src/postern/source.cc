#include "postern/source.h"

#include <algorithm>
#include <array>

namespace postern::client {
namespace {

constexpr Prefix v4_prefix(std::uint8_t a, std::uint8_t b, unsigned length) noexcept {
    return {{Family::v4, {a, b}}, length};
}

constexpr std::array private_prefixes{
    v4_prefix(10, 0, 8),     v4_prefix(172, 16, 12), v4_prefix(192, 168, 16),
    v4_prefix(169, 254, 16), v4_prefix(100, 64, 10),
};

bool is_translated(const IpAddress& local, const IpAddress& gateway) noexcept {
    return is_private(local) && !is_private(gateway);
}

}  // namespace

std::optional<SourceMode> parse_source_mode(std::string_view word) {
    if (word == "auto") return SourceMode::automatic;
    if (word == "exact") return SourceMode::exact;
    if (word == "as_seen") return SourceMode::as_seen;
    return std::nullopt;
}

bool is_private(const IpAddress& address) noexcept {
    return std::any_of(private_prefixes.begin(), private_prefixes.end(),
                       [&](const Prefix& prefix) { return prefix.contains(address); });
}

spa::AddressClaim claim_source(SourceMode mode, const IpAddress& local, const IpAddress& gateway) noexcept {
    if (mode == SourceMode::automatic) mode = is_translated(local, gateway) ? SourceMode::as_seen : SourceMode::exact;
    if (mode == SourceMode::as_seen) return {spa::AddressClaim::Mode::as_seen, {}};
    return {spa::AddressClaim::Mode::exact, local};
}

}  // namespace postern::client
