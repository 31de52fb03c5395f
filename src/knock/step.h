// One step of a knock sequence: how it is written, and which packets take it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "packet/view.h"

namespace postern::knock {

struct Step {
    Transport transport = Transport::tcp;  // tcp, udp, or icmp: an echo request of either family
    std::uint16_t port = 0;                // TCP, UDP: the destination's
    std::uint8_t flags = tcp_flag::syn;    // TCP: of SYN, ACK, FIN and RST exactly these, of the others at least these

    [[nodiscard]] bool taken_by(const PacketView& packet) const noexcept;
    auto operator<=>(const Step&) const = default;
};

// Steps that one packet may take have one place: transport and port. Nothing for a packet that can take no step.
[[nodiscard]] std::optional<std::uint32_t> place_of(const PacketView& packet) noexcept;
[[nodiscard]] std::uint32_t place_of(const Step& step) noexcept;

// tcp/7000, udp/8000, icmp/echo-request; tcp/7000/ack or tcp/7000/syn+urg for other flags than a SYN's. There is one of
// SYN and ACK and neither FIN nor RST: conntrack calls every other first packet INVALID, and the rules drop it unseen.
[[nodiscard]] std::optional<Step> parse_step(std::string_view text);
[[nodiscard]] std::string to_text(const Step& step);

// The same, and what knock(1) and knockd write: 7000, 7000:tcp, 7000:udp.
[[nodiscard]] std::optional<Step> parse_step_or_port(std::string_view text);

}  // namespace postern::knock
