// Flow keys, and the keyed hashes over a fixed layout of their bytes (padding never takes part).
#include "packet/flow.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

// Family, then 16 bytes: as long for IPv4 as for IPv6, so that no two keys lay out alike.
constexpr std::size_t address_size = 17;

std::uint8_t* put(std::uint8_t* to, const IpAddress& address) noexcept {
    *to++ = static_cast<std::uint8_t>(address.family);
    return std::copy(address.octets.begin(), address.octets.end(), to);
}

std::uint8_t* put(std::uint8_t* to, std::uint16_t port) noexcept {
    const auto bytes = big_endian(port);
    return std::copy(bytes.begin(), bytes.end(), to);
}

}  // namespace

FlowKey flow_of(const PacketView& packet) noexcept {
    return {packet.transport, packet.source, packet.destination, packet.source_port, packet.destination_port};
}

std::uint64_t KeyedHash::operator()(const FlowKey& flow) const noexcept {
    std::array<std::uint8_t, 1 + 2 * address_size + 4> bytes;
    bytes[0] = static_cast<std::uint8_t>(flow.transport);
    std::uint8_t* end = put(bytes.data() + 1, flow.source);
    end = put(end, flow.destination);
    end = put(end, flow.source_port);
    put(end, flow.destination_port);
    return siphash(key, bytes);
}

std::uint64_t KeyedHash::operator()(const IpAddress& address) const noexcept {
    std::array<std::uint8_t, address_size> bytes;
    put(bytes.data(), address);
    return siphash(key, bytes);
}

}  // namespace postern
