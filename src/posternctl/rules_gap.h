// Connections that came in while the rules were gone, and their end.
//
// A connection that was let in has our mark, one that the rules pass by themselves is known by its port and source, and
// one of the host's own begins here. What else came in over a guarded interface since the rules were last seen standing
// came through the gap.
#pragma once

#include <set>

#include "gate/policy.h"
#include "netfilter/conntrack.h"
#include "netfilter/route.h"
#include "netfilter/socket_diag.h"

namespace postern::ctl {

class Gap {
public:
    // Needs root: from now on the kernel notes when connections begin.
    [[nodiscard]] static Result<Gap> open();

    // Call while the rules stand: what runs now without the kernel tracking it did not come through a later gap.
    [[nodiscard]] Result<void> remember();

    // Ends what came in since then, by connection mark and, where there is one, the server's socket: how many. Call
    // when the rules stand again, and a moment later for what was on its way.
    [[nodiscard]] Result<std::size_t> close(const Policy& policy, WallTime since);

private:
    Gap(netfilter::Conntrack conntrack, netfilter::SocketDiag sockets, netfilter::Routes routes) noexcept
        : conntrack_{std::move(conntrack)}, sockets_{std::move(sockets)}, routes_{std::move(routes)} {}

    [[nodiscard]] bool came_in(const Policy& policy, const netfilter::Connection& connection);
    [[nodiscard]] bool revoke(const Policy& policy, const netfilter::TrackedConnection& entry);
    [[nodiscard]] std::size_t end_untracked(const Policy& policy, const std::set<netfilter::Connection>& tracked);

    netfilter::Conntrack conntrack_;
    netfilter::SocketDiag sockets_;
    netfilter::Routes routes_;
    std::set<netfilter::Connection> untracked_;
};

}  // namespace postern::ctl
