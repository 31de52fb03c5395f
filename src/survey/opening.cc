#include "survey/opening.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

namespace postern::survey {
namespace {

bool names(const Open& open, Transport transport, std::uint16_t port) {
    const std::uint8_t protocol = transport == Transport::tcp ? IPPROTO_TCP : IPPROTO_UDP;
    return std::ranges::any_of(open.matches, [&](const OpenMatch& match) {
        return match.protocol == protocol && (!match.ports || match.ports->contains(port));
    });
}

}  // namespace

bool is_open(const Policy& policy, std::uint8_t protocol) {
    const auto whole = [&](const OpenMatch& match) {
        return match.protocol == protocol && !match.ports && !match.type;
    };
    return std::ranges::any_of(policy.gateway.open,
                               [&](const Open& open) { return std::ranges::any_of(open.matches, whole); });
}

const Service* service_at(const Policy& policy, Transport transport, std::uint16_t port) {
    const auto has = [&](const TransportPorts& ports) { return ports.contains(transport, port); };
    const auto found = std::ranges::find_if(policy.services, [&](const Service& service) {
        return service.to.empty() && std::ranges::any_of(service.ports, has);
    });
    return found == policy.services.end() ? nullptr : &*found;
}

bool is_named(const Policy& policy, Transport transport, std::uint16_t port) {
    const auto listens = [&](const PortRange& range) { return transport == Transport::udp && range.contains(port); };
    return service_at(policy, transport, port) != nullptr || std::ranges::any_of(policy.gateway.spa, listens) ||
           std::ranges::any_of(policy.gateway.open, [&](const Open& open) { return names(open, transport, port); });
}

std::string open_word(std::uint8_t protocol) {
    return protocol == IPPROTO_ESP ? "esp" : fmt::format("proto/{}", protocol);
}

std::string open_advice(std::uint8_t protocol) {
    return fmt::format("open it: gateway: {{open: [{}]}}, with `from` where its senders are known",
                       open_word(protocol));
}

std::string port_word(Transport transport, std::uint16_t port) {
    return fmt::format("{}/{}", transport == Transport::tcp ? "tcp" : "udp", port);
}

}  // namespace postern::survey
