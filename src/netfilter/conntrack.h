// Connection marks, over ctnetlink: set one, and find the flows that carry one.
//
// How a marked connection is treated is the ruleset's; what the values mean is base/marks.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

// A connection as its first packet named it, before any address translation. TCP and UDP only.
struct Connection {
    std::uint8_t protocol = 0;  // as in the IP header: 6 or 17
    IpAddress source;
    IpAddress destination;  // of the source's family
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    auto operator<=>(const Connection&) const = default;
};

// What the kernel knows of a connection.
struct TrackedConnection {
    Connection connection;
    std::uint32_t mark = 0;
    std::optional<WallTime> began;  // of those that began since keep_times()
};

// A part of a 32-bit mark: `value` has no bit outside of `mask`.
struct MaskedMark {
    std::uint32_t value = 0;
    std::uint32_t mask = 0xffffffff;
};

// One thread at a time. Needs CAP_NET_ADMIN over the network namespace; waits for the kernel's answer, so never on the
// verdict path.
class Conntrack {
public:
    [[nodiscard]] static Result<Conntrack> open();

    // Changes the masked bits of the connection's mark and nothing else of it. False: there is no such connection, or
    // its first packet is still waiting for a verdict.
    [[nodiscard]] Result<bool> set_mark(const Connection& connection, MaskedMark mark);

    // Makes an entry for a TCP connection that was established before anybody tracked; its windows are not judged.
    // False: there is one already, which is left as it is.
    [[nodiscard]] Result<bool> enter(const Connection& connection, std::chrono::seconds timeout);

    // The connection's mark; nothing where there is none, or where its first packet is still waiting for a verdict.
    [[nodiscard]] Result<std::optional<std::uint32_t>> mark_of(const Connection& connection);

    // All TCP and UDP connections with one of these marks, of both families, in no order. One that begins or ends
    // meanwhile may be missing or listed twice. Without a mark the kernel is asked for all, and `wanted` chooses.
    [[nodiscard]] Result<std::vector<Connection>> marked(MaskedMark mark);
    using Wanted = std::function<bool(std::uint32_t mark)>;
    [[nodiscard]] Result<std::vector<Connection>> marked(const Wanted& wanted);

    // The same of all connections, whatever their mark.
    [[nodiscard]] Result<std::vector<TrackedConnection>> all();

    // From now on the kernel notes when a connection begins (net.netfilter.nf_conntrack_timestamp). Needs root.
    [[nodiscard]] Result<void> keep_times();

private:
    explicit Conntrack(Netlink netlink) noexcept : netlink_{std::move(netlink)} {}
    Netlink netlink_;
};

}  // namespace postern::netfilter
