#include "explain/fragments.h"

#include <netinet/in.h>

#include <algorithm>

namespace postern::explain {
namespace {

constexpr std::size_t largest = 65535;  // bytes of an IPv4 packet, and of an IPv6 packet's payload

// Where an IPv6 packet's fragment header is, and the byte that announces it.
struct Place {
    std::size_t announced = 6;
    std::size_t header = 40;
};

std::optional<Place> fragment_place(Bytes packet) {
    Place place;
    std::uint8_t next = packet[6];
    while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
        if (place.header + 2 > packet.size()) return std::nullopt;
        next = packet[place.header];
        const std::size_t length = (packet[place.header + 1] + std::size_t{1}) * 8;
        place = {place.header, place.header + length};
    }
    if (next != IPPROTO_FRAGMENT || place.header + 8 > packet.size()) return std::nullopt;
    return place;
}

// One piece: the header that the whole packet gets if it is the first one, and the bytes it brings.
struct Piece {
    Fragments::Packet head;
    Bytes bytes;
    std::uint8_t protocol = 0;
};

Piece piece4(Bytes packet) {
    const std::size_t header = (packet[0] & 15u) * 4;
    return {{packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header)}, packet.subspan(header), packet[9]};
}

std::optional<Piece> piece6(Bytes packet) {
    const auto place = fragment_place(packet);
    if (!place) return std::nullopt;
    Piece piece{{packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(place->header)},
                packet.subspan(place->header + 8)};
    piece.head[place->announced] = packet[place->header];
    return piece;
}

void put16(Fragments::Packet& packet, std::size_t at, std::size_t value) {
    packet[at] = static_cast<std::uint8_t>(value >> 8);
    packet[at + 1] = static_cast<std::uint8_t>(value);
}

// The head with its length made right; it is no fragment any more.
void finish(Fragments::Packet& whole) {
    if (whole[0] >> 4 == 6) return put16(whole, 4, whole.size() - 40);
    put16(whole, 2, whole.size());
    put16(whole, 6, 0);
}

bool overlaps(const std::map<std::size_t, Fragments::Packet>& pieces, std::size_t offset, std::size_t length) {
    return std::any_of(pieces.begin(), pieces.end(), [&](const auto& piece) {
        return piece.first < offset + length && offset < piece.first + piece.second.size();
    });
}

std::optional<Piece> piece_of(Bytes packet, const PacketView& view) {
    auto piece = view.family == Family::v4 ? piece4(packet) : piece6(packet);
    if (!piece || piece->bytes.empty()) return std::nullopt;
    return view.more_fragments && piece->bytes.size() % 8 != 0 ? std::nullopt : piece;
}

// Bytes of a transport header that netfilter wants in a first fragment of IPv6.
std::size_t shortest(std::uint8_t protocol) noexcept {
    switch (protocol) {
        case IPPROTO_TCP: return 20;
        case IPPROTO_UDP:
        case IPPROTO_ICMPV6: return 8;
        default: return 1;
    }
}

}  // namespace

bool is_cut_short(Bytes packet, const PacketView& view) noexcept {
    if (view.family == Family::v4 || view.fragment_offset > 0) return false;
    return view.header_length == 0 || packet.size() - view.trailing < view.header_length + shortest(view.protocol);
}

std::optional<Fragments::Packet> Fragments::take(Bytes packet, const PacketView& view, SteadyTime now) {
    const auto piece = piece_of(packet.first(packet.size() - view.trailing), view);
    if (!piece) return std::nullopt;
    make_room(now);
    const auto entry = table_.try_emplace({view.source, view.destination, view.fragment_id, piece->protocol}).first;
    Datagram& datagram = entry->second;
    if (datagram.pieces.empty()) datagram.expires = now + patience;
    const Span span{view.fragment_offset, piece->bytes.size(), !view.more_fragments};
    if (repeats(datagram, span)) return std::nullopt;
    if (!fits(datagram, span)) {
        forget(entry);
        return std::nullopt;
    }
    if (span.offset == 0) datagram.head = piece->head;
    if (span.last) datagram.end = span.end();
    keep(datagram, span.offset, piece->bytes);
    if (!datagram.end || datagram.bytes < *datagram.end) return std::nullopt;
    Packet whole = put_together(datagram);
    forget(entry);
    return whole;
}

bool Fragments::repeats(const Datagram& datagram, const Span& span) {
    const auto same = datagram.pieces.find(span.offset);
    return same != datagram.pieces.end() && same->second.size() == span.length;
}

bool Fragments::fits(const Datagram& datagram, const Span& span) {
    if (span.end() > largest || overlaps(datagram.pieces, span.offset, span.length)) return false;
    if (datagram.end) return !span.last && span.end() < *datagram.end;
    const bool beyond = !datagram.pieces.empty() && datagram.pieces.rbegin()->first > span.offset;
    return !span.last || !beyond;
}

void Fragments::keep(Datagram& datagram, std::size_t offset, Bytes bytes) {
    datagram.pieces[offset].assign(bytes.begin(), bytes.end());
    datagram.bytes += bytes.size();
    bytes_ += bytes.size() + overhead;
}

Fragments::Packet Fragments::put_together(const Datagram& datagram) {
    Packet whole = datagram.head;
    for (const auto& [at, bytes] : datagram.pieces) whole.insert(whole.end(), bytes.begin(), bytes.end());
    finish(whole);
    return whole;
}

// What waited too long goes; where that is not enough, whoever waits longest.
void Fragments::make_room(SteadyTime now) {
    if (now - swept_ < std::chrono::seconds{1} && bytes_ <= most_bytes) return;
    swept_ = now;
    for (auto entry = table_.begin(); entry != table_.end();) {
        const auto old = entry++;
        if (old->second.expires <= now) forget(old);
    }
    while (bytes_ > most_bytes)
        forget(std::ranges::min_element(table_, {}, [](const auto& entry) { return entry.second.expires; }));
}

void Fragments::forget(Table::iterator datagram) {
    bytes_ -= datagram->second.bytes + datagram->second.pieces.size() * overhead;
    table_.erase(datagram);
}

}  // namespace postern::explain
