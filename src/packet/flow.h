// The 5-tuple that names a flow.
#pragma once

#include <compare>
#include <cstdint>

#include "base/address.h"
#include "base/siphash.h"
#include "packet/view.h"

namespace postern {

// As the first packet of the flow carried it. TCP and UDP only.
struct FlowKey {
    Transport transport = Transport::none;
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    // IANA's number; flows are of TCP or UDP.
    [[nodiscard]] constexpr std::uint8_t protocol() const noexcept { return transport == Transport::tcp ? 6 : 17; }

    auto operator<=>(const FlowKey&) const = default;
};

[[nodiscard]] FlowKey flow_of(const PacketView& packet) noexcept;

// Keyed hashes for tables and shards; the key is drawn at start.
struct KeyedHash {
    SipKey key;
    [[nodiscard]] std::uint64_t operator()(const FlowKey& flow) const noexcept;
    [[nodiscard]] std::uint64_t operator()(const IpAddress& address) const noexcept;
};

}  // namespace postern
