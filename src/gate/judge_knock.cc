// A packet that is for no service may be a step of a knock sequence. How sequences advance is knock/'s business; here a
// complete one becomes a grant, or the end of what the knock let in.
#include "gate/judge.h"

namespace postern {
namespace {

constexpr Reason reason_of(knock::What what) noexcept {
    switch (what) {
        case knock::What::nothing: return Reason::no_service;
        case knock::What::wrong: return Reason::knock_wrong;
        case knock::What::reset: return Reason::knock_reset;
        case knock::What::full: return Reason::knock_full;
        case knock::What::late: return Reason::knock_late;
        case knock::What::spent: return Reason::knock_spent;
        case knock::What::repeated: return Reason::knock_repeated;
        case knock::What::step: return Reason::knock_step;
        case knock::What::complete: break;
    }
    return Reason::knock_opened;
}

// Lines are of the policy at hand: where a newer one has taken another list, none of this one is listened to.
class LiveLines final : public knock::Listened {
public:
    LiveLines(const Policy& policy, Tables& tables) : policy_{policy}, tables_{tables} {}

    [[nodiscard]] knock::LineWindow window(knock::SequenceId id) const noexcept override {
        return tables_.client(id.knock).lines.window(*policy_.knock(id.knock)->list);
    }

private:
    const Policy& policy_;
    Tables& tables_;
};

// A complete opening sequence; of a list, whether this is the one time that it is good.
Reason reason_of_complete(knock::SequenceId id, Tables& tables) noexcept {
    if (!id.listed()) return Reason::knock_opened;
    switch (tables.client(id.knock).lines.take(id.list, id.line)) {
        case knock::LineCounter::Use::taken: return Reason::knock_opened;
        case knock::LineCounter::Use::not_durable: return Reason::knock_not_durable;
        case knock::LineCounter::Use::spent: break;
    }
    return Reason::knock_spent;
}

// A source has at most one unused grant of a knock: going through the sequence twice does not admit twice as much.
void withdraw_grants(GrantList& grants, const PacketView& packet, ClientId knock, Instant now) noexcept {
    grants.of_source(packet.source, [&](Grant& grant) {
        if (grant.client == knock && grant.expires > now.steady) grant.expires = now.steady;
    });
}

// Whether there were any.
bool end_flows(Tables::FlowTable& flows, const PacketView& packet, ClientId knock) noexcept {
    bool some = false;
    flows.for_each([&](const FlowKey& key, Flow& flow) {
        if (flow.ended() || flow.client != knock || key.source != packet.source) return;
        flow.ending = Ending::close_knock;
        some = true;
    });
    return some;
}

// What happens to the source's shard, in one critical section.
Decision step(Tables::Shard& shard, const PacketView& packet, Instant now, const Policy& policy,
              Tables& tables) noexcept {
    const LiveLines lines{policy, tables};
    const auto [what, sequence, stage] = knock::judge(policy.book(), lines, shard.knocks, packet, now.steady);
    Decision decision = refuse(reason_of(what));
    if (!sequence) return decision;
    decision.client = sequence->id.knock;
    decision.stage = stage;
    if (what != knock::What::complete) return decision;
    if (sequence->id.part == knock::Part::opening) {
        decision.reason = reason_of_complete(sequence->id, tables);
        return decision;
    }
    withdraw_grants(shard.grants, packet, decision.client, now);
    decision.reason = Reason::knock_closed;
    decision.ends_flows = end_flows(shard.flows, packet, decision.client);
    return decision;
}

// A place among the knock's attempts, which holds the counter of flows.
std::optional<FlowCounter> begin_attempt(ClientState& state, ServiceId service, const IpAddress& source, Instant now,
                                         const Policy& policy) {
    return state.proofs.with([&](ClientState::Proofs& proofs) -> std::optional<FlowCounter> {
        Attempt* attempt = proofs.attempts.next(now.steady, state.flows);
        if (!attempt) return std::nullopt;
        *attempt = Attempt{{}, attempt->generation + 1, now.steady + policy.grants.window, 1, {service}, {}};
        attempt->source(source.family) = source;
        const FlowCounter counter{proofs.attempts.place_of(*attempt), 0, attempt->generation};
        state.flows.reset(counter.attempt, counter.generation, 1, policy.grants.flows);
        return counter;
    });
}

Decision open(Decision decision, const PacketView& packet, Instant now, const Policy& policy, Tables& tables) {
    decision.service = policy.client(decision.client)->services.front();
    const auto counter = begin_attempt(tables.client(decision.client), decision.service, packet.source, now, policy);
    decision.reason = Reason::attempts_full;
    if (!counter) return decision;
    const Grant grant{tables.next_grant(),
                      decision.client,
                      decision.service,
                      packet.source,
                      0,
                      now.steady + policy.grants.window,
                      *counter};
    const bool room = tables.shard(packet.source).with([&](Tables::Shard& shard) {
        withdraw_grants(shard.grants, packet, decision.client, now);
        return shard.grants.insert(grant, now.steady);
    });
    decision.reason = room ? Reason::knock_opened : Reason::grants_full;
    if (room) decision.grant = grant.id;
    return decision;
}

}  // namespace

Decision judge_knock(const PacketView& packet, Instant now, const Policy& policy, Tables& tables) noexcept {
    if (policy.knocks.empty()) return refuse(Reason::no_service);
    const Decision decision = tables.shard(packet.source).with([&](Tables::Shard& shard) {
        return step(shard, packet, now, policy, tables);
    });
    if (decision.ends_flows) tables.flows_changed();
    return decision.reason == Reason::knock_opened ? open(decision, packet, now, policy, tables) : decision;
}

}  // namespace postern
