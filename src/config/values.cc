#include "config/values.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

namespace postern::config {
namespace {

constexpr std::size_t longest_interface = 15;  // IFNAMSIZ - 1
constexpr std::size_t longest_host_name = 253;
constexpr std::size_t longest_word_name = 63;
constexpr int fewest_mark_bits = 8;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Whether every character stands in one of the sets; false for an empty text.
template <class... Sets>
bool made_of(std::string_view text, const Sets&... sets) {
    const auto known = [&](char c) { return ((std::string_view{sets}.find(c) != std::string_view::npos) || ...); };
    return !text.empty() && std::all_of(text.begin(), text.end(), known);
}

std::optional<std::uint32_t> unsigned_number(std::string_view text, int base) {
    std::uint32_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Cuts `text` at the first `separator`; the second half is nothing where there is none.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, std::string_view separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + separator.size())};
}

std::optional<std::uint16_t> port(std::string_view text) {
    const auto value = made_of(text, digits) ? number(text) : std::nullopt;
    if (!value || *value == 0 || *value > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    return static_cast<std::uint16_t>(*value);
}

std::optional<PortRange> port_range(std::string_view text) {
    const auto [low, high] = cut(text, "-");
    const auto first = port(low);
    const auto last = high ? port(*high) : first;
    if (!first || !last || *last < *first) return std::nullopt;
    return PortRange{*first, *last};
}

std::optional<std::chrono::seconds> unit(char letter) {
    if (letter == 's') return std::chrono::seconds{1};
    if (letter == 'm') return std::chrono::minutes{1};
    if (letter == 'h') return std::chrono::hours{1};
    return std::nullopt;
}

// What no packet can be forwarded to: nothing, this host itself by loopback, and whole groups.
bool is_host(const IpAddress& address) {
    const auto inside = [&](const char* prefix) { return parse_prefix(prefix)->contains(address); };
    if (address.family == Family::v6) return !inside("::/127") && !inside("ff00::/8") && !inside("fe80::/10");
    return !inside("0.0.0.0/8") && !inside("127.0.0.0/8") && !inside("224.0.0.0/3");
}

// The types of ICMP that have a name, by family; RFC 792, RFC 4443, RFC 8335. 255: none of that family.
struct IcmpName {
    std::string_view name;
    std::uint8_t v4, v6;
};
constexpr IcmpName icmp_names[] = {
    {"echo-request", 8, 128},          {"echo-reply", 0, 129},
    {"destination-unreachable", 3, 1}, {"packet-too-big", 255, 2},
    {"time-exceeded", 11, 3},          {"parameter-problem", 12, 4},
    {"timestamp-request", 13, 255},    {"extended-echo-request", 42, 160},
};
constexpr std::uint8_t icmp4 = 1, icmp6 = 58, tcp = 6, udp = 17;

OpenMatch icmp_match(Family family, std::optional<std::uint8_t> type) {
    return {family == Family::v4 ? icmp4 : icmp6, family, std::nullopt, type};
}

// A name means that type in every family that has it; a number is of the family whose protocol stands before it.
std::vector<OpenMatch> icmp_matches(std::string_view type, bool only6) {
    std::vector<OpenMatch> found;
    for (const IcmpName& known : icmp_names) {
        if (known.name != type) continue;
        if (known.v4 != 255 && !only6) found.push_back(icmp_match(Family::v4, known.v4));
        if (known.v6 != 255) found.push_back(icmp_match(Family::v6, known.v6));
    }
    const auto digit = found.empty() ? number(type) : std::nullopt;
    if (digit && *digit <= 255)
        found.push_back(icmp_match(only6 ? Family::v6 : Family::v4, static_cast<std::uint8_t>(*digit)));
    return found;
}

// Protocols without ports. What has ports or types, or is no transport, is not to be had by its number.
std::optional<std::uint8_t> bare_protocol(std::string_view text) {
    if (text == "esp") return std::uint8_t{50};
    if (text == "ah") return std::uint8_t{51};
    if (text == "gre") return std::uint8_t{47};
    const auto [word, rest] = cut(text, "/");
    const unsigned value = word == "proto" && rest ? number(*rest).value_or(0) : 0;
    const bool has_more = value == icmp4 || value == icmp6 || value == tcp || value == udp;
    if (value == 0 || value > 254 || has_more) return std::nullopt;
    return static_cast<std::uint8_t>(value);
}

// Loopback is never guarded: refused are lo and every pattern that would match it.
bool matches_loopback(std::string_view name) {
    if (!name.ends_with('*')) return name == "lo";
    return std::string_view{"lo"}.starts_with(name.substr(0, name.size() - 1));
}

}  // namespace

std::optional<std::uint32_t> number(std::string_view text) {
    return made_of(text, digits) ? unsigned_number(text, 10) : std::nullopt;
}

std::optional<Duration> duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto seconds = unit(text.back());
    const auto count = number(text.substr(0, text.size() - 1));
    if (!seconds || !count || *count > 1'000'000) return std::nullopt;  // a century of hours: no overflow
    return *seconds * *count;
}

std::optional<WallTime> date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)), day = number(text.substr(8, 2));
    if (!year || !month || !day || *year < 1970 || *year > 2200) return std::nullopt;  // 64 bits of ns end in 2262
    const std::chrono::year_month_day written{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month},
                                              std::chrono::day{*day}};
    if (!written.ok()) return std::nullopt;
    return WallTime{std::chrono::sys_days{written}.time_since_epoch()};
}

std::optional<TransportPorts> ports(std::string_view text) {
    const auto [word, rest] = cut(text, "/");
    const auto range = port_range(rest ? *rest : text);
    if (!range || (rest && word != "tcp" && word != "udp")) return std::nullopt;
    return TransportPorts{rest && word == "udp" ? Transport::udp : Transport::tcp, *range};
}

std::optional<PortRange> udp_ports(std::string_view text) {
    const auto read = ports(text);
    return read && read->transport == Transport::udp ? std::optional{read->ports} : std::nullopt;
}

std::optional<ForwardTarget> target(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = parse_address(host);
    const auto to = port(text.substr(colon + 1));
    if (!address || !to || bracketed != (address->family == Family::v6) || !is_host(*address)) return std::nullopt;
    return ForwardTarget{*address, *to};
}

std::optional<std::vector<OpenMatch>> open_match(std::string_view text) {
    if (const auto protocol = bare_protocol(text)) return std::vector{OpenMatch{*protocol, {}, {}, {}}};
    if (text == "icmp") return std::vector{icmp_match(Family::v4, {})};
    if (text == "icmpv6") return std::vector{icmp_match(Family::v6, {})};
    const auto [word, rest] = cut(text, "/");
    if (!rest) return std::nullopt;
    if (word == "icmp" || word == "icmpv6") {
        auto found = icmp_matches(*rest, word == "icmpv6");
        return found.empty() ? std::nullopt : std::optional{std::move(found)};
    }
    const auto read = ports(text);
    if (!read) return std::nullopt;
    return std::vector{OpenMatch{read->transport == Transport::tcp ? tcp : udp, {}, read->ports, {}}};
}

std::optional<MarkField> mark_mask(std::string_view text) {
    if (!text.starts_with("0x") || !made_of(text.substr(2), digits, "abcdefABCDEF")) return std::nullopt;
    const auto mask = unsigned_number(text.substr(2), 16);
    if (!mask || std::popcount(*mask) < fewest_mark_bits) return std::nullopt;
    const std::uint32_t run = *mask >> std::countr_zero(*mask);
    return (run & (run + 1)) == 0 ? std::optional{MarkField{*mask}} : std::nullopt;
}

std::optional<std::string> host_name(std::string_view text) {
    if (text.size() > longest_host_name || !made_of(text, lower, digits, ".-") || text.ends_with('.'))
        return std::nullopt;
    return std::string{text};
}

std::optional<std::string> interface_name(std::string_view text) {
    const std::string_view fixed = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
    if (text.size() > longest_interface || !made_of(fixed, lower, upper, digits, "._-") || fixed == "." ||
        fixed == ".." || matches_loopback(text))
        return std::nullopt;
    return std::string{text};
}

std::optional<std::string> word_name(std::string_view text) {
    const bool fits = text.size() <= longest_word_name && made_of(text, lower, upper, digits, "._-");
    if (!fits || !made_of(text.substr(0, 1), lower, upper, digits)) return std::nullopt;
    return std::string{text};
}

std::optional<std::string> file_name(std::string_view text) {
    if (text.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
    return std::string{text};
}

std::optional<std::uint8_t> strictness(std::string_view text) {
    constexpr std::string_view open = "tolerate(";
    if (text == "ignore") return knock::all_tolerated;
    if (text == "reset") return std::uint8_t{0};
    if (!text.starts_with(open) || !text.ends_with(')')) return std::nullopt;
    const auto count = number(text.substr(open.size(), text.size() - open.size() - 1));
    if (!count || *count == 0 || *count > knock::most_tolerated) return std::nullopt;
    return static_cast<std::uint8_t>(*count);
}

std::optional<std::size_t> word_index(const Value& value) {
    std::optional<std::string_view> rest{value.range};
    for (std::size_t index = 0; rest; ++index) {
        const auto [word, behind] = cut(*rest, " | ");
        if (word == value.text) return index;
        rest = behind;
    }
    return std::nullopt;
}

std::pair<std::string_view, std::string_view> ends(std::string_view range) {
    const auto [low, high] = cut(range, " to ");
    return {low, high.value_or(low)};
}

}  // namespace postern::config
