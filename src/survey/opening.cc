#include "survey/opening.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::survey {

bool is_open(const Policy&, std::uint8_t) { return false; }

bool is_named(const Policy& policy, Transport transport, std::uint16_t port) {
    const auto has = [&](const TransportPorts& ports) { return ports.contains(transport, port); };
    const auto serves = [&](const Service& service) { return std::ranges::any_of(service.ports, has); };
    const auto listens = [&](const PortRange& range) { return transport == Transport::udp && range.contains(port); };
    return std::ranges::any_of(policy.services, serves) || std::ranges::any_of(policy.gateway.spa, listens);
}

std::string open_word(std::uint8_t protocol) { return protocol == 50 ? "esp" : fmt::format("proto/{}", protocol); }

std::string open_advice(std::uint8_t protocol) {
    return fmt::format("open it: gateway: {{open: [{}]}}, with `from` where its senders are known",
                       open_word(protocol));
}

std::string port_word(Transport transport, std::uint16_t port) {
    return fmt::format("{}/{}", transport == Transport::tcp ? "tcp" : "udp", port);
}

}  // namespace postern::survey
