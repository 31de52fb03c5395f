#include "explain/rules.h"

namespace postern::explain {
namespace {

bool is_syn(const PacketView& view) noexcept {
    using namespace tcp_flag;
    return view.transport == Transport::tcp && (view.tcp_flags & (fin | syn | rst | ack)) == syn;
}

// A SYN on a connection that is assured opens another one, so it is judged.
bool is_established(const PacketView& view, const Tracked& tracked) noexcept {
    return tracked.state == Tracking::established && (!is_syn(view) || !tracked.assured);
}

std::optional<Aside> aside_of(rules::Passed passed) noexcept {
    using rules::Passed;
    switch (passed) {
        case Passed::nd: return Aside::nd;
        case Passed::mld: return Aside::mld;
        case Passed::igmp: return Aside::igmp;
        case Passed::dhcp: return Aside::dhcp;
        case Passed::break_glass: return Aside::break_glass;
        case Passed::ipsec: return Aside::ipsec;
        case Passed::open: return Aside::open;
        case Passed::unmatched: return Aside::unmatched;
        case Passed::no: break;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Aside> passed_by(const PacketView& view, const Tracked& tracked, const Policy& policy,
                               rules::Origin origin) noexcept {
    if (tracked.revoked) return Aside::revoked;
    if (is_established(view, tracked)) return Aside::established;
    if (tracked.state == Tracking::invalid) return Aside::invalid;
    if (tracked.state == Tracking::related && rules::is_known_error(view)) return Aside::related;
    if (tracked.state == Tracking::fresh && tracked.accepted) return Aside::again;
    return aside_of(rules::passed(policy, view, origin));
}

}  // namespace postern::explain
