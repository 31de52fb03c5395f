#include "knock/step.h"

#include <array>
#include <charconv>

namespace postern::knock {
namespace {

constexpr std::string_view echo_request = "icmp/echo-request";
constexpr std::uint8_t shape = tcp_flag::syn | tcp_flag::ack | tcp_flag::fin | tcp_flag::rst;

struct Flag {
    std::string_view word;
    std::uint8_t bit;
};
constexpr std::array flags{Flag{"syn", tcp_flag::syn}, Flag{"ack", tcp_flag::ack}, Flag{"psh", tcp_flag::psh},
                           Flag{"urg", tcp_flag::urg}, Flag{"ece", tcp_flag::ece}, Flag{"cwr", tcp_flag::cwr}};

bool is_echo_request(const PacketView& packet) noexcept {
    constexpr std::uint8_t v4 = 8, v6 = 128;  // RFC 792, RFC 4443
    return (packet.transport == Transport::icmp && packet.icmp_type == v4) ||
           (packet.transport == Transport::icmpv6 && packet.icmp_type == v6);
}

std::uint32_t place(Transport transport, std::uint16_t port) noexcept {
    return static_cast<std::uint32_t>(transport) << 16 | port;
}

std::optional<std::uint8_t> parse_flag(std::string_view word) noexcept {
    for (const Flag& flag : flags)
        if (flag.word == word) return flag.bit;
    return std::nullopt;
}

// "syn+urg"; each word once.
std::optional<std::uint8_t> parse_flags(std::string_view text) noexcept {
    std::uint8_t bits = 0;
    for (std::size_t end = 0; end != std::string_view::npos;) {
        end = text.find('+');
        const auto bit = parse_flag(text.substr(0, end));
        if (!bit || (bits & *bit) != 0) return std::nullopt;
        bits |= *bit;
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    const bool one_of_two = (bits & shape) == tcp_flag::syn || (bits & shape) == tcp_flag::ack;
    return one_of_two ? std::optional{bits} : std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool read = failed == std::errc{} && end == text.data() + text.size() && port != 0;
    return read ? std::optional{port} : std::nullopt;
}

}  // namespace

bool Step::taken_by(const PacketView& packet) const noexcept {
    if (transport == Transport::icmp) return is_echo_request(packet);
    if (packet.transport != transport || packet.destination_port != port) return false;
    return transport == Transport::udp || (packet.tcp_flags & (shape | flags)) == flags;
}

std::optional<std::uint32_t> place_of(const PacketView& packet) noexcept {
    if (is_echo_request(packet)) return place(Transport::icmp, 0);
    const bool has_port = packet.transport == Transport::tcp || packet.transport == Transport::udp;
    return has_port ? std::optional{place(packet.transport, packet.destination_port)} : std::nullopt;
}

std::uint32_t place_of(const Step& step) noexcept { return place(step.transport, step.port); }

std::optional<Step> parse_step(std::string_view text) {
    if (text == echo_request) return Step{Transport::icmp, 0, 0};
    const bool udp = text.starts_with("udp/");
    if (!udp && !text.starts_with("tcp/")) return std::nullopt;
    text.remove_prefix(4);
    const std::size_t slash = text.find('/');
    const auto port = parse_port(text.substr(0, slash));
    if (!port || (udp && slash != std::string_view::npos)) return std::nullopt;
    if (udp) return Step{Transport::udp, *port, 0};
    if (slash == std::string_view::npos) return Step{Transport::tcp, *port};
    const auto bits = parse_flags(text.substr(slash + 1));
    return bits ? std::optional{Step{Transport::tcp, *port, *bits}} : std::nullopt;
}

std::optional<Step> parse_step_or_port(std::string_view text) {
    if (text.find('/') != std::string_view::npos) return parse_step(text);
    const std::size_t colon = text.find(':');
    const std::string_view protocol = colon == std::string_view::npos ? "tcp" : text.substr(colon + 1);
    return parse_step(std::string{protocol}.append("/").append(text.substr(0, colon)));
}

std::string to_text(const Step& step) {
    if (step.transport == Transport::icmp) return std::string{echo_request};
    if (step.transport == Transport::udp) return "udp/" + std::to_string(step.port);
    std::string text = "tcp/" + std::to_string(step.port);
    if (step.flags == tcp_flag::syn) return text;
    char separator = '/';
    for (const Flag& flag : flags) {
        if ((step.flags & flag.bit) == 0) continue;
        text.append(1, separator).append(flag.word);
        separator = '+';
    }
    return text;
}

}  // namespace postern::knock
