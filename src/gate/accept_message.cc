#include "gate/accept_message.h"

namespace postern {
namespace {

Attempt* begin_attempt(Attempts& attempts, FlowCounters& flows, const spa::Claims& claims, const Wanted& wanted,
                       Instant now, const Policy& policy) noexcept {
    Attempt* attempt = attempts.next(now.steady, flows);
    if (!attempt) return nullptr;
    const bool shorter = claims.window > Duration::zero() && claims.window < policy.grants.window;
    *attempt = Attempt{claims.attempt,
                       attempt->generation + 1,
                       now.steady + (shorter ? claims.window : policy.grants.window),
                       wanted.count,
                       wanted.ids,
                       {}};
    flows.reset(attempts.place_of(*attempt), attempt->generation, wanted.count, policy.grants.flows);
    return attempt;
}

// A retry or the other family's datagram of an attempt that is known; a new attempt otherwise.
Accepted join_attempt(ClientState& state, ClientState::Proofs& proofs, const spa::Claims& claims, const Wanted& wanted,
                      const IpAddress& source, Instant now, const Policy& policy) noexcept {
    Attempt* attempt = proofs.attempts.find(claims.attempt);
    if (attempt && attempt->expires <= now.steady) return {Reason::spa_again, *attempt, 0};
    if (!attempt) attempt = begin_attempt(proofs.attempts, state.flows, claims, wanted, now, policy);
    if (!attempt) return {Reason::attempts_full, {}, 0};
    auto& bound = attempt->source(source.family);
    if (bound) return {*bound == source ? Reason::spa_again : Reason::spa_conflict, *attempt, 0};
    bound = source;
    return {Reason::spa_accepted, *attempt, proofs.attempts.place_of(*attempt)};
}

}  // namespace

Accepted accept_message(ClientState& state, const Horizon& horizon, const spa::Opened& opened, const Wanted& wanted,
                        const IpAddress& source, Instant now, const Policy& policy) {
    return state.proofs.with([&](ClientState::Proofs& proofs) -> Accepted {
        const auto& [claims, hash] = opened;
        if (const auto reason = proofs.window.check(claims.time, hash, now.wall, policy.gateway.skew))
            return {*reason, {}, 0};
        if (!horizon.covers(claims.time)) return {Reason::spa_not_durable, {}, 0};
        const Accepted accepted = join_attempt(state, proofs, claims, wanted, source, now, policy);
        if (accepted.reason == Reason::spa_accepted || accepted.reason == Reason::spa_again)
            proofs.window.accept(claims.time, hash, now.wall, policy.gateway.skew);
        return accepted;
    });
}

void let_go(ClientState& state, const Accepted& accepted, Family family) {
    state.proofs.with([&](ClientState::Proofs& proofs) {
        Attempt* attempt = proofs.attempts.find(accepted.attempt.id);
        if (attempt && attempt->generation == accepted.attempt.generation) attempt->source(family).reset();
    });
}

}  // namespace postern
