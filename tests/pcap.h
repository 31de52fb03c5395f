// Reads classic pcap files (little-endian, microseconds) of raw IP packets: what tests/vectors/pcap holds, no more.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postern::test {

using Packet = std::vector<std::uint8_t>;

namespace detail {

inline std::uint32_t little_endian(Reader& reader) {
    const Bytes four = reader.take(4);
    if (!reader.ok()) throw std::runtime_error{"the pcap file ends inside a header"};
    return four[0] | std::uint32_t{four[1]} << 8 | std::uint32_t{four[2]} << 16 | std::uint32_t{four[3]} << 24;
}

// Timestamp (seconds, microseconds), captured length, original length, bytes.
inline Packet record(Reader& reader) {
    (void)reader.take(8);
    const std::uint32_t captured = little_endian(reader);
    const std::uint32_t original = little_endian(reader);
    const Bytes bytes = reader.take(captured);
    if (!reader.ok() || captured != original) throw std::runtime_error{"the pcap file holds a cut packet"};
    return {bytes.begin(), bytes.end()};
}

}  // namespace detail

// All packets in file order. A missing, foreign or broken file is an exception, so that no test passes on nothing.
inline std::vector<Packet> read_pcap(const std::string& path) {
    constexpr std::uint32_t magic = 0xa1b2c3d4, raw_ip = 101;
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error{"no pcap file at " + path};
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>{file}, {}};
    Reader reader{bytes};
    const bool ours = detail::little_endian(reader) == magic;
    (void)reader.take(16);  // version, time zone, accuracy, snapshot length
    if (detail::little_endian(reader) != raw_ip || !ours) throw std::runtime_error{path + " is not a raw IP pcap file"};
    std::vector<Packet> packets;
    while (reader.left() > 0) packets.push_back(detail::record(reader));
    return packets;
}

}  // namespace postern::test
