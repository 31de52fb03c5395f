// A column of refusals, cheapest first, in the order of what they cost an attacker.
#include "gate/decide.h"

#include "gate/judge.h"

namespace postern {
namespace {

std::optional<Reason> unreadable(const PacketView& packet) noexcept {
    if (packet.malformed) return Reason::malformed;
    if (packet.more_fragments || packet.fragment_offset > 0) return Reason::fragment;
    if (packet.transport != Transport::tcp && packet.transport != Transport::udp &&
        packet.transport != Transport::icmp && packet.transport != Transport::icmpv6)
        return Reason::other;
    return std::nullopt;
}

}  // namespace

Decision decide(const PacketView& packet, Instant now, const Policy& policy, Tables& tables,
                spa::Opener& opener) noexcept {
    if (const auto reason = unreadable(packet)) return refuse(*reason);
    if (!policy.guards(packet))
        return packet.local ? judge_knock(packet, now, policy, tables) : refuse(Reason::no_service);
    return policy.listens(packet) ? judge_spa(packet, now, policy, tables, opener)
                                  : judge_flow(packet, now, policy, tables);
}

}  // namespace postern
