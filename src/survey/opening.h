// What the policy lets in of a protocol or a port, and the word that names it there.
#pragma once

#include <cstdint>
#include <string>

#include "gate/policy.h"

namespace postern::survey {

// Whether `gateway.open` names the IP protocol as a whole, for whatever sources.
[[nodiscard]] bool is_open(const Policy& policy, std::uint8_t protocol);

// Whether a service has that port of the gateway's own addresses; null: none.
[[nodiscard]] const Service* service_at(const Policy& policy, Transport transport, std::uint16_t port);

// Whether a service on the gateway's own addresses, the SPA listener or `gateway.open` has the port.
[[nodiscard]] bool is_named(const Policy& policy, Transport transport, std::uint16_t port);

// How `gateway.open` names a protocol: "esp" or "proto/112".
[[nodiscard]] std::string open_word(std::uint8_t protocol);

// What to write for a protocol that has no ports.
[[nodiscard]] std::string open_advice(std::uint8_t protocol);

// "tcp/22"
[[nodiscard]] std::string port_word(Transport transport, std::uint16_t port);

}  // namespace postern::survey
