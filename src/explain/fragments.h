// Puts fragments together as the kernel does before connection tracking, in bounded memory.
//
// Pieces that overlap make the kernel give the whole datagram up, and so does this; the same piece again is ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "packet/view.h"

namespace postern::explain {

// The first piece of an IPv6 datagram without its whole transport header (RFC 8200, section 4.5): the kernel keeps no
// such piece, and connection tracking calls it INVALID.
[[nodiscard]] bool is_cut_short(Bytes packet, const PacketView& view) noexcept;

class Fragments {
public:
    using Packet = std::vector<std::uint8_t>;
    static constexpr std::size_t most_bytes = 4u << 20;             // of all pieces together, with their overhead
    static constexpr std::size_t overhead = 768;                    // what a piece costs the kernel besides its bytes
    static constexpr Duration patience = std::chrono::seconds{30};  // for the rest of a datagram

    // The whole packet where this piece was the last one missing, and nothing until then. `packet` is one IP packet
    // whose `view` says that it is a fragment.
    [[nodiscard]] std::optional<Packet> take(Bytes packet, const PacketView& view, SteadyTime now);

private:
    struct Key {
        IpAddress source, destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0;  // IPv4's identifications are each protocol's own
        auto operator<=>(const Key&) const = default;
    };
    struct Datagram {
        Packet head;  // of the first piece
        std::map<std::size_t, Packet> pieces;
        std::optional<std::size_t> end;
        std::size_t bytes = 0;
        SteadyTime expires;
    };
    using Table = std::map<Key, Datagram>;

    struct Span {
        std::size_t offset = 0, length = 0;
        bool last = false;
        [[nodiscard]] std::size_t end() const noexcept { return offset + length; }
    };

    [[nodiscard]] static bool repeats(const Datagram& datagram, const Span& span);
    [[nodiscard]] static bool fits(const Datagram& datagram, const Span& span);
    [[nodiscard]] static Packet put_together(const Datagram& datagram);
    void keep(Datagram& datagram, std::size_t offset, Bytes bytes);
    void make_room(SteadyTime now);
    void forget(Table::iterator datagram);

    Table table_;
    std::size_t bytes_ = 0;
    SteadyTime swept_{};
};

}  // namespace postern::explain
