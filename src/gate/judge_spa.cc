// Cheapest first: length, sieve, tag (never budgeted), memory of tags, budget, Noise, client, freshness, claims,
// policy. Everything opens into locals; only then do tables change, and only a message that passed everything consumes
// its time.
#include "gate/accept_message.h"
#include "gate/judge.h"
#include "gate/read_message.h"

namespace postern {
namespace {

std::optional<Reason> wrong_source(const spa::AddressClaim& claim, const PacketView& packet,
                                   const Client& client) noexcept {
    using Mode = spa::AddressClaim::Mode;
    if (claim.mode == Mode::absent) return Reason::spa_source;
    if (claim.mode == Mode::exact)
        return claim.address == packet.source ? std::nullopt : std::optional{Reason::spa_source};
    const bool exact_wanted = client.source_claim == SourceClaim::required ||
                              (client.source_claim == SourceClaim::automatic && packet.family == Family::v6);
    return exact_wanted ? std::optional{Reason::spa_source_required} : std::nullopt;
}

// Nothing where the client is not entitled to one of the services he asks for.
std::optional<Wanted> wanted_services(const spa::Claims& claims, const Policy& policy, const Client& client) noexcept {
    Wanted wanted;
    for (const std::string& name : claims.services) {
        const Service* service = policy.service(name);
        if (!service || !client.may_open(service->id) || wanted.count == wanted.ids.size()) return std::nullopt;
        wanted.ids[wanted.count++] = service->id;
    }
    return wanted;
}

// One grant per service, all in the source's shard. The first one's id names them in the log.
std::optional<GrantId> make_grants(const Accepted& accepted, const Client& client, const spa::Claims& claims,
                                   const IpAddress& source, Instant now, Tables& tables) {
    const GrantId first = tables.next_grant();
    const bool room = tables.shard(source).with([&](Tables::Shard& shard) {
        const Attempt& attempt = accepted.attempt;
        bool all = true;
        for (std::uint8_t i = 0; i < attempt.service_count; ++i) {
            const GrantId id = i == 0 ? first : tables.next_grant();
            all &= shard.grants.insert({id,
                                        client.id,
                                        attempt.services[i],
                                        source,
                                        claims.source_port,
                                        attempt.expires,
                                        {accepted.place, i, attempt.generation}},
                                       now.steady);
        }
        if (!all)
            shard.grants.erase_if([&](const Grant& grant) {
                return grant.client == client.id && grant.source == source && grant.counter.attempt == accepted.place &&
                       grant.counter.generation == attempt.generation;
            });
        return all;
    });
    return room ? std::optional{first} : std::nullopt;
}

Decision judge_message(const ReadMessage& message, const PacketView& packet, Instant now, const Policy& policy,
                       Tables& tables) {
    const Client& client = *policy.client(message.client);
    const spa::Claims& claims = message.opened->claims;
    Decision decision;
    decision.client = client.id;
    decision.attempt = claims.attempt;
    decision.offset = claims.time - now.wall;
    const auto refuse_it = [&](Reason reason) {
        decision.reason = reason;
        return decision;
    };

    ClientState& state = tables.client(client.id);
    const auto stale = state.proofs.with([&](ClientState::Proofs& proofs) {
        return proofs.window.check(claims.time, message.opened->handshake_hash, now.wall, policy.gateway.skew);
    });
    if (stale) return refuse_it(*stale);
    const spa::AddressClaim& claim = claims.of(packet.family);
    if (const auto reason = wrong_source(claim, packet, client)) return refuse_it(*reason);
    if (client.expires && *client.expires <= now.wall) return refuse_it(Reason::spa_expired);
    const auto wanted = wanted_services(claims, policy, client);
    if (!wanted) return refuse_it(Reason::spa_service);

    decision.unbound = claim.mode == spa::AddressClaim::Mode::as_seen;
    decision.service = wanted->ids[0];
    const Accepted accepted =
        accept_message(state, tables.horizon(), *message.opened, *wanted, packet.source, now, policy);
    if (accepted.reason == Reason::spa_accepted || accepted.reason == Reason::spa_again)
        tables.budget().with([&](Budget& budget) { budget.vouch(packet.source, now.steady); });
    if (accepted.reason != Reason::spa_accepted) return refuse_it(accepted.reason);
    const auto grant = make_grants(accepted, client, claims, packet.source, now, tables);
    if (!grant) {
        let_go(state, accepted, packet.family);
        return refuse_it(Reason::grants_full);
    }
    decision.grant = *grant;
    return refuse_it(Reason::spa_accepted);
}

}  // namespace

Decision judge_spa(const PacketView& packet, Instant now, const Policy& policy, Tables& tables,
                   spa::Opener& opener) noexcept {
    const auto envelope = opener.recognise(packet.payload);
    if (!envelope) return refuse(envelope.error());
    const auto message = read_message(*envelope, packet, now, policy, tables, opener);
    if (!message) return refuse(message.error());
    return judge_message(*message, packet, now, policy, tables);
}

}  // namespace postern
