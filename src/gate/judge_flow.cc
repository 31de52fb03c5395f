// Consuming a grant and entering the flow is one critical section of one shard; the counter that both families share is
// taken inside it, lock-free.
#include <algorithm>

#include "gate/entitled.h"
#include "gate/judge.h"

namespace postern {
namespace {

bool opens_connection(const PacketView& packet) noexcept {
    constexpr std::uint8_t judged = tcp_flag::syn | tcp_flag::ack | tcp_flag::rst | tcp_flag::fin;
    return (packet.tcp_flags & judged) == tcp_flag::syn;
}

// How near a grant came to fitting: the refusal tells the nearest.
void explain(Reason& nearest, Reason reason) noexcept {
    constexpr auto rank = [](Reason r) {
        constexpr std::array order{Reason::no_grant,   Reason::grant_withdrawn,   Reason::grant_expired,
                                   Reason::grant_used, Reason::grant_source_port, Reason::forward_not_applied};
        return std::ranges::find(order, r) - order.begin();
    };
    if (rank(reason) > rank(nearest)) nearest = reason;
}

// The grant to consume, or why there is none.
struct Choice {
    Grant* grant = nullptr;
    Reason nearest = Reason::no_grant;
};

// The narrowest of the grants that fit, then the oldest.
Choice choose(const PacketView& packet, Instant now, const Policy& policy, GrantList& grants) noexcept {
    Choice choice;
    grants.of_source(packet.source, [&](Grant& grant) {
        if (!entitled(policy, grant.client, grant.service, now.wall))
            return explain(choice.nearest, Reason::grant_withdrawn);
        const Service& service = *policy.service(grant.service);
        if (!service.covers(packet)) return;
        if (grant.used) return explain(choice.nearest, Reason::grant_used);
        if (grant.expires <= now.steady) return explain(choice.nearest, Reason::grant_expired);
        if (!grant.admits_port(packet.source_port)) return explain(choice.nearest, Reason::grant_source_port);
        if (service.mark == Mark::none) return explain(choice.nearest, Reason::forward_not_applied);
        const bool narrower = choice.grant && choice.grant->source_port == 0 && grant.source_port != 0;
        if (!choice.grant || narrower) choice.grant = &grant;
    });
    return choice;
}

Decision let_in(Reason reason, const Flow& flow) noexcept {
    Decision decision{Verdict::accept, reason};
    decision.client = flow.client;
    decision.service = flow.service;
    decision.grant = flow.grant;
    decision.mark = flow.mark;
    return decision;
}

// A datagram that comes again is let in. A SYN is dropped: the one before it is on its way, or the kernel has taken it
// and lost the connection since; let in, it would open another connection of one grant.
Decision again(Flow& flow, Transport transport, Instant now, const Policy& policy) noexcept {
    Decision decision = let_in(Reason::flow_again, flow);
    if (flow.ended())
        decision.reason = Reason::flow_revoked;
    else if (!entitled(policy, flow.client, flow.service, now.wall))
        decision.reason = Reason::grant_withdrawn;
    else if (policy.service(flow.service)->mark != flow.mark)  // forwarded elsewhere meanwhile
        decision.reason = Reason::forward_not_applied;
    else if (transport == Transport::udp && !flow.settles(now.steady))
        decision.reason = Reason::settle_lost;
    if (decision.reason != Reason::flow_again || transport == Transport::tcp) decision.verdict = Verdict::drop;
    return decision;
}

Decision consume(const PacketView& packet, Instant now, const Policy& policy, Tables& tables,
                 Tables::Shard& shard) noexcept {
    for (;;) {
        const Choice choice = choose(packet, now, policy, shard.grants);
        if (!choice.grant) return refuse(choice.nearest);
        const FlowKey key = flow_of(packet);
        if (const Flow* old = shard.flows.find(key); old && old->ended()) return refuse(Reason::flow_revoked);
        if (shard.flows.size() == shard.flows.capacity() && !shard.flows.find(key)) return refuse(Reason::flows_full);
        Grant& grant = *choice.grant;
        FlowCounters& counters = tables.client(grant.client).flows;
        const bool taken = counters.take(grant.counter);
        grant.used = counters.left(grant.counter) == 0;
        if (!taken) continue;  // the other family was faster; it is marked used now, so look for the next
        Flow flow{grant.id, grant.client, grant.service, packet.sequence, now.steady, now.steady};
        flow.local = packet.local;
        flow.mark = policy.service(grant.service)->mark;
        (void)flow.settles(now.steady);
        shard.flows.insert(key, flow);
        tables.flows_changed();
        return let_in(Reason::grant_active, flow);
    }
}

// How long a packet like a flow's first belongs to it. A SYN's twins wait in other queues for milliseconds; later
// repeats pass by the kernel's connection mark, and a SYN that comes here all the same is to open another connection.
// UDP has no second connection on one tuple.
constexpr Duration twin_time(Transport transport) {
    return transport == Transport::tcp ? std::chrono::milliseconds{500} : std::chrono::seconds{4};
}

// The entry this packet repeats the start of; TCP with another sequence number starts something else.
Flow* repeated(const PacketView& packet, Instant now, Tables::FlowTable& flows) noexcept {
    Flow* flow = flows.find(flow_of(packet));
    if (!flow || now.steady - flow->opened > twin_time(packet.transport)) return nullptr;
    return packet.transport != Transport::tcp || flow->initial_sequence == packet.sequence ? flow : nullptr;
}

}  // namespace

Decision judge_flow(const PacketView& packet, Instant now, const Policy& policy, Tables& tables) noexcept {
    if (packet.transport == Transport::tcp && !opens_connection(packet)) return refuse(Reason::not_syn);
    return tables.shard(packet.source).with([&](Tables::Shard& shard) {
        if (Flow* flow = repeated(packet, now, shard.flows)) return again(*flow, packet.transport, now, policy);
        return consume(packet, now, policy, tables, shard);
    });
}

}  // namespace postern
