// What begins and what ends in the kernel's table of connections, as it happens: ctnetlink's multicast groups.
//
//     auto events = ConntrackEvents::open({.over = true}, {mask, bits(Mark::accepted), mask});
//     wait for descriptor() -> receive() -> a batch; overrun: some were lost, compare with Conntrack::marked()
//
// The kernel filters by mark before it copies, so that connections that are none of ours cost nothing here. Which
// connections report at all is decided when they begin: net.netfilter.nf_conntrack_events is 0 for none and 2 for those
// that begin while somebody listens, so listen before they can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "netfilter/conntrack.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

// The marks for which first <= (mark & mask) <= last. A connection without a mark has mark 0.
struct MarkBand {
    std::uint32_t mask = 0;  // 0 with first = last = 0: every mark
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    [[nodiscard]] constexpr bool contains(std::uint32_t mark) const noexcept {
        return first <= (mark & mask) && (mark & mask) <= last;
    }
};

struct ConntrackEvent {
    enum class Kind : std::uint8_t { begun, over };
    Kind kind = Kind::over;
    Connection connection;   // as its first packet named it
    std::uint32_t mark = 0;  // at that instant
};

struct ConntrackEventBatch {
    std::vector<ConntrackEvent> events;  // in the order in which they happened
    bool overrun = false;                // the socket's buffer was full since the last call: events are missing
};

// One thread at a time. Needs CAP_NET_ADMIN over the network namespace; never waits.
class ConntrackEvents {
public:
    struct Wanted {
        bool begun = false;
        bool over = false;
    };
    static constexpr std::size_t default_buffer = std::size_t{4} << 20;  // bytes

    // Connections of TCP and UDP report from now on. The errors say what to do: no privilege, no kernel support.
    [[nodiscard]] static Result<ConntrackEvents> open(Wanted wanted, MarkBand band,
                                                      std::size_t buffer = default_buffer);

    [[nodiscard]] int descriptor() const noexcept { return netlink_.fd(); }  // readable while there is something

    // What has come, at most about a thousand: while the descriptor stays readable there is more. An Error where the
    // socket does not work any more.
    [[nodiscard]] Result<ConntrackEventBatch> receive();

private:
    ConntrackEvents(Netlink netlink, MarkBand band) noexcept : netlink_{std::move(netlink)}, band_{band} {}
    Netlink netlink_;
    MarkBand band_;
};

// Whether connections that begin now, while somebody listens, report their end: what
// net.netfilter.nf_conntrack_events of this network namespace says. False where it cannot be read.
[[nodiscard]] bool conntrack_reports_events();

}  // namespace postern::netfilter
