// One value at a time: text to durations, ports, masks, dates and names. Nothing where the text is not one; the message
// that follows is written from the schema's row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/marks.h"
#include "base/time.h"
#include "config/place.h"
#include "gate/policy.h"

namespace postern::config {

// A value on its way through the schema: what was written, where, and the row's range.
struct Value {
    std::string text;
    Place place;
    std::string_view range;
    bool written = true;  // false: the row's default, at the place of the section around it
};

[[nodiscard]] std::optional<std::uint32_t> number(std::string_view text);  // decimal, no sign
[[nodiscard]] std::optional<Duration> duration(std::string_view text);     // 15s, 2m, 12h
[[nodiscard]] std::optional<WallTime> date(std::string_view text);         // 2027-06-30: its first instant, UTC
[[nodiscard]] std::optional<TransportPorts> ports(std::string_view text);  // 22 (TCP), tcp/22, udp/8000-8010
[[nodiscard]] std::optional<PortRange> udp_ports(std::string_view text);   // udp/62201, udp/62201-62210
[[nodiscard]] std::optional<ForwardTarget> target(std::string_view text);  // 10.0.0.7:443, [2001:db8::7]:443
// tcp/443, icmp/echo-request, icmpv6/128, esp, proto/112
[[nodiscard]] std::optional<std::vector<OpenMatch>> open_match(std::string_view text);
[[nodiscard]] std::optional<MarkField> mark_mask(std::string_view text);    // 0x and hexadecimal digits
[[nodiscard]] std::optional<std::string> host_name(std::string_view text);  // canonical: [a-z0-9.-], no dot at the end
[[nodiscard]] std::optional<std::string> interface_name(std::string_view text);  // may end in *; never matches lo
[[nodiscard]] std::optional<std::string> word_name(std::string_view text);       // of a service or client
[[nodiscard]] std::optional<std::string> file_name(std::string_view text);       // not empty

[[nodiscard]] std::optional<std::uint8_t> strictness(std::string_view text);     // ignore, reset, tolerate(3)

// The place of the text among the words of a range such as "auto | nftables | iptables".
[[nodiscard]] std::optional<std::size_t> word_index(const Value& value);

// The two ends of a range such as "1s to 5m".
[[nodiscard]] std::pair<std::string_view, std::string_view> ends(std::string_view range);

// The value that `parse` reads, where it lies in the row's range, both ends included.
template <class T>
[[nodiscard]] std::optional<T> within(std::optional<T> (*parse)(std::string_view), const Value& value) {
    const auto [low, high] = ends(value.range);
    const std::optional<T> read = parse(value.text);
    if (!read || *read < *parse(low) || *parse(high) < *read) return std::nullopt;
    return read;
}

// The enumerator for a word: the words of the row's range stand in the order of the enumerators.
template <class Enum>
[[nodiscard]] std::optional<Enum> choice(const Value& value) {
    const std::optional<std::size_t> index = word_index(value);
    return index ? std::optional{static_cast<Enum>(*index)} : std::nullopt;
}

}  // namespace postern::config
