#include "explain/header.h"

#include "base/address.h"

namespace postern::explain {
namespace {

// RFC 1071, over a whole header with its own checksum inside.
bool sums_up(Bytes header) noexcept {
    std::uint32_t sum = 0;
    Reader reader{header};
    while (reader.left() > 0) sum += reader.be16();
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

bool takes4(Bytes packet) noexcept {
    if (packet.size() < 20) return false;
    const std::size_t header = (packet[0] & 15u) * 4;
    const std::size_t total = packet[2] * std::size_t{256} + packet[3];
    return header >= 20 && header <= total && total <= packet.size() && sums_up(packet.first(header));
}

// Neither of them travels on a wire: ::1 at either end, a group as the source.
bool impossible6(Bytes packet) noexcept {
    const IpAddress source = IpAddress::v6(packet.subspan(8, 16)), destination = IpAddress::v6(packet.subspan(24, 16));
    IpAddress loopback{Family::v6};
    loopback.octets[15] = 1;
    return source == loopback || destination == loopback || source.octets[0] == 0xff;
}

bool takes6(Bytes packet) noexcept {
    if (packet.size() < 40) return false;
    const std::size_t length = packet[4] * std::size_t{256} + packet[5];
    if (length + 40 > packet.size() || impossible6(packet)) return false;
    const bool hop_by_hop = packet[6] == 0;
    return !hop_by_hop || (length >= 8 && (packet[41] + std::size_t{1}) * 8 <= length);
}

}  // namespace

bool kernel_takes(Bytes packet) noexcept {
    if (packet.empty()) return false;
    const unsigned version = packet[0] >> 4;
    return version == 4 ? takes4(packet) : version == 6 && takes6(packet);
}

}  // namespace postern::explain
