#include "gate/hand_over.h"

#include <algorithm>

#include "gate/inventory.h"

namespace postern {
namespace {

// The grant's part of its attempt.
Attempt part_of(const PendingGrant& pending) {
    const Grant& grant = pending.grant;
    Attempt part{pending.attempt, grant.counter.generation, grant.expires, 0, {}, {}};
    part.service_count = static_cast<std::uint8_t>(grant.counter.service + 1);
    part.services.fill(ServiceId::none);
    part.services[grant.counter.service] = grant.service;
    part.source(grant.source.family) = grant.source;
    return part;
}

}  // namespace

std::vector<PendingGrant> pending_grants(Tables& tables, SteadyTime now) {
    std::vector<PendingGrant> pending;
    for (const Grant& grant : grants_in(tables)) {
        if (grant.expires <= now) continue;
        ClientState& state = tables.client(grant.client);
        const auto attempt = state.proofs.with([&](ClientState::Proofs& proofs) -> std::optional<AttemptId> {
            const Attempt* found = proofs.attempts.at(grant.counter);
            return found ? std::optional{found->id} : std::nullopt;
        });
        if (attempt) pending.push_back({grant, *attempt, state.flows.left(grant.counter)});
    }
    return pending;
}

void take_over(Tables& tables, const PendingGrant& pending, SteadyTime now) {
    Grant grant = pending.grant;
    grant.used = pending.flows_left == 0;
    ClientState& state = tables.client(grant.client);
    state.proofs.with([&](ClientState::Proofs& proofs) { proofs.attempts.put_back(grant.counter, part_of(pending)); });
    state.flows.set(grant.counter, pending.flows_left);
    (void)tables.shard(grant.source).with([&](Tables::Shard& shard) { return shard.grants.insert(grant, now); });
}

}  // namespace postern
