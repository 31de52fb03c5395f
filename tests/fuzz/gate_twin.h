// The naive twin of the gate: vectors and maps that are walked from end to end, the claims as they were sealed, and the
// policy alone. No shard, no lock, no cryptography, no bitmap, no ring. It says what decide() has to say.
//
// What it does not know: what a client's 129th attempt pushes out. Whoever asks it stops before (full()).
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "fuzz/gate_freshness.h"
#include "fuzz/gate_knocks.h"
#include "fuzz/gate_lines.h"
#include "fuzz/gate_what.h"
#include "fuzz/gate_world.h"
#include "gate/inventory.h"

namespace postern::test {

class GateTwin {
public:
    struct Limits {
        std::size_t grants, flows;
    };
    struct TwinGrant {
        Grant grant;
        std::shared_ptr<unsigned> left;  // flows; shared by both families of an attempt
    };

    explicit GateTwin(Limits limits) : limits_{limits} {}

    // `datagram`: what the packet carries, where that is known; null: bytes that nobody made.
    Decision judge(const PacketView& packet, const Datagram* datagram, Instant now, const Policy& policy) {
        if (packet.malformed) return refuse(Reason::malformed);
        if (packet.more_fragments || packet.fragment_offset > 0) return refuse(Reason::fragment);
        if (!is_any(packet.transport, {Transport::tcp, Transport::udp, Transport::icmp, Transport::icmpv6}))
            return refuse(Reason::other);
        if (to_spa(packet, policy)) return judge_spa(packet, datagram, now, policy);
        if (std::ranges::any_of(policy.services, [&](const Service& one) { return covers(one, packet); }))
            return judge_flow(packet, now, policy);
        return packet.local ? judge_knock(packet, now, policy) : refuse(Reason::no_service);
    }

    // The ids of the grants that ended unused.
    std::vector<GrantId> sweep(Instant now, const Policy& policy) {
        std::vector<GrantId> unused;
        for (auto& [grant, left] : grants_) {
            if (grant.told || grant.expires > now.steady) continue;
            grant.told = true;
            if (*left > 0) unused.push_back(grant.id);
        }
        std::erase_if(grants_,
                      [&](const TwinGrant& one) { return one.grant.expires + GrantList::linger <= now.steady; });
        knocks_.sweep(policy.book().sequences(), now.steady);
        std::ranges::sort(unused);
        return unused;
    }

    // What the policy would not open any more, and what lasted long enough.
    void end_by_policy(Instant now, const Policy& policy) {
        for (auto& [key, flow] : flows_) {
            if (flow.ended()) continue;
            const Client* client = policy.client(flow.client);
            const Service* service = policy.service(flow.service);
            const auto longest = policy.grants.session_max;
            if (!client || !service || !client->may_open(flow.service) || !covers(*service, first_packet(key, flow)))
                flow.ending = Ending::withdrawn;
            else if (is_expired(*client, now.wall))
                flow.ending = Ending::client_expired;
            else if (longest && flow.opened + *longest <= now.steady)
                flow.ending = Ending::session_max;
        }
    }

    // Of which times messages may be accepted.
    void cover(std::optional<TimeSpan> span) { covered_ = span; }

    [[nodiscard]] LinesTwin& lines() { return lines_; }
    [[nodiscard]] std::map<FlowKey, Flow>& flows() { return flows_; }
    [[nodiscard]] const std::vector<TwinGrant>& grants() const { return grants_; }

    // Whether somebody has so many attempts that old ones are pushed out from now on, or a source so many grants that
    // it matters which shard they lie in.
    [[nodiscard]] bool full() const {
        std::map<IpAddress, std::size_t> of_source;
        for (const auto& [grant, left] : grants_) ++of_source[grant.source];
        return std::ranges::any_of(begun_, [](const auto& row) { return row.second >= attempts_per_client; }) ||
               (limits_.grants > 1000 &&
                std::ranges::any_of(of_source, [](const auto& row) { return row.second > 50; }));
    }

    // Whether the slot of the message is one that the gate listens to.
    [[nodiscard]] static bool is_live(const Datagram& datagram, Instant now, const Policy& policy) {
        return spa::slot_of(now.wall - policy.gateway.skew) <= datagram.slot &&
               datagram.slot <= spa::slot_of(now.wall + policy.gateway.skew);
    }

private:
    struct TwinAttempt {
        SteadyTime expires;
        std::vector<ServiceId> services;
        std::vector<std::shared_ptr<unsigned>> left;
        std::map<Family, IpAddress> sources;
    };

    static Decision refuse(Reason reason) { return {Verdict::drop, reason}; }

    // --- SPA ---

    // Two faults in front of the claims: somebody whom the policy does not know, and bytes that are no message.
    Decision judge_spa(const PacketView& packet, const Datagram* datagram, Instant now, const Policy& policy) {
        if (!datagram || !is_live(*datagram, now, policy)) return refuse(Reason::spa_tag);
        const Client* client = policy.client(static_cast<ClientId>(datagram->who));
        if (client) return judge_claims(packet, *datagram, *client, now, policy);
        const bool first = strangers_.insert({datagram->number, policy.generation}).second;
        return refuse(first ? Reason::spa_client_unknown : Reason::spa_copy);
    }

    Decision judge_claims(const PacketView& packet, const Datagram& datagram, const Client& client, Instant now,
                          const Policy& policy) {
        const spa::Claims& claims = datagram.claims;
        Decision decision;
        decision.client = client.id;
        decision.attempt = claims.attempt;
        decision.offset = claims.time - now.wall;
        const auto because = [&](Reason reason) { return decision.reason = reason, decision; };
        if (const auto reason = memories_[client.id].why_not(datagram, now, policy)) return because(*reason);
        if (const auto reason = wrong_source(claims.of(packet.family), packet, client)) return because(*reason);
        if (is_expired(client, now.wall)) return because(Reason::spa_expired);
        std::vector<ServiceId> wanted;
        for (const std::string& name : claims.services) {
            const auto service = std::ranges::find(policy.services, name, &Service::name);
            if (service == policy.services.end() || !client.may_open(service->id)) return because(Reason::spa_service);
            wanted.push_back(service->id);
        }
        decision.service = wanted.front();
        decision.unbound = claims.of(packet.family).mode == spa::AddressClaim::Mode::as_seen;
        return because(take_part(decision, packet, datagram, wanted, now, policy));
    }

    static std::optional<Reason> wrong_source(const spa::AddressClaim& claim, const PacketView& packet,
                                              const Client& client) {
        using Mode = spa::AddressClaim::Mode;
        if (claim.mode == Mode::absent) return Reason::spa_source;
        if (claim.mode == Mode::exact && claim.address != packet.source) return Reason::spa_source;
        if (claim.mode == Mode::exact || client.source_claim == SourceClaim::optional) return std::nullopt;
        if (client.source_claim == SourceClaim::automatic && packet.family == Family::v4) return std::nullopt;
        return Reason::spa_source_required;
    }

    // The message in its attempt: the first of each family makes grants.
    Reason take_part(Decision& decision, const PacketView& packet, const Datagram& datagram,
                     const std::vector<ServiceId>& wanted, Instant now, const Policy& policy) {
        const spa::Claims& claims = datagram.claims;
        if (!covered_ || !covered_->contains(claims.time)) return Reason::spa_not_durable;
        auto [row, fresh] = attempts_.try_emplace({decision.client, claims.attempt});
        TwinAttempt& attempt = row->second;
        if (fresh) {
            const bool shorter = claims.window > Duration{} && claims.window < policy.grants.window;
            attempt.expires = now.steady + (shorter ? claims.window : policy.grants.window);
            attempt.services = wanted;
            for (std::size_t i = 0; i < wanted.size(); ++i)
                attempt.left.push_back(std::make_shared<unsigned>(policy.grants.flows));
            ++begun_[decision.client];
        }
        const auto bound = attempt.sources.find(packet.family);
        const bool over = attempt.expires <= now.steady;
        if (!over && bound != attempt.sources.end() && bound->second != packet.source) return Reason::spa_conflict;
        memories_[decision.client].use_up(datagram, now, policy);
        if (over || bound != attempt.sources.end()) return Reason::spa_again;
        const Reason reason = make_grants(decision, packet, claims, attempt, now);
        if (reason == Reason::spa_accepted) attempt.sources[packet.family] = packet.source;
        return reason;
    }

    // All of a message's grants or none.
    Reason make_grants(Decision& decision, const PacketView& packet, const spa::Claims& claims,
                       const TwinAttempt& attempt, Instant now) {
        std::vector<GrantId> made;
        bool all = true;
        for (std::size_t i = 0; i < attempt.services.size(); ++i) {
            made.push_back(next_grant());
            const auto& [client, service] = std::pair{decision.client, attempt.services[i]};
            Grant grant{made.back(), client, service, packet.source, claims.source_port, attempt.expires, {}};
            all &= insert({grant, attempt.left[i]}, now);
        }
        if (all) return decision.grant = made.front(), Reason::spa_accepted;
        std::erase_if(grants_,
                      [&](const TwinGrant& one) { return std::ranges::find(made, one.grant.id) != made.end(); });
        return Reason::grants_full;
    }

    GrantId next_grant() { return static_cast<GrantId>(++last_grant_); }

    // What is over leaves where the room is needed.
    bool insert(const TwinGrant& one, Instant now) {
        const auto no_room = [&] {
            const auto of_source =
                std::ranges::count(grants_, one.grant.source, [](auto& g) { return g.grant.source; });
            return grants_.size() >= limits_.grants || of_source >= static_cast<std::ptrdiff_t>(GrantList::per_source);
        };
        if (no_room()) std::erase_if(grants_, [&](const TwinGrant& old) { return old.grant.over(now.steady); });
        if (no_room()) return false;
        grants_.push_back(one);
        return true;
    }

    // --- flows ---

    Decision judge_flow(const PacketView& packet, Instant now, const Policy& policy) {
        const unsigned flags = packet.tcp_flags & (tcp_flag::syn | tcp_flag::ack | tcp_flag::rst | tcp_flag::fin);
        const bool tcp = packet.transport == Transport::tcp;
        if (tcp && flags != tcp_flag::syn) return refuse(Reason::not_syn);
        const auto known = flows_.find(flow_of(packet));
        const Duration twins = tcp ? Duration{std::chrono::milliseconds{500}} : Duration{std::chrono::seconds{4}};
        if (known != flows_.end() && now.steady - known->second.opened <= twins &&
            (!tcp || known->second.initial_sequence == packet.sequence))
            return again(known->second, tcp, now, policy);
        return open(packet, now, policy);
    }

    static Decision again(Flow& flow, bool tcp, Instant now, const Policy& policy) {
        Decision decision{Verdict::drop, Reason::flow_again, flow.client, flow.service, flow.grant};
        decision.mark = flow.mark;
        const auto because = [&](Reason reason) { return decision.reason = reason, decision; };
        if (flow.ended()) return because(Reason::flow_revoked);
        if (!may_have(policy, flow.client, flow.service, now.wall)) return because(Reason::grant_withdrawn);
        if (policy.service(flow.service)->mark != flow.mark) return because(Reason::forward_not_applied);
        if (tcp) return decision;
        if (!flow.settles(now.steady)) return because(Reason::settle_lost);
        decision.verdict = Verdict::accept;
        return decision;
    }

    // Why a grant of the source does not let the packet in; nothing: it does. `no_grant`: it is for something else.
    static std::optional<Reason> why_not(const Grant& grant, const PacketView& packet, Instant now,
                                         const Policy& policy) {
        if (!may_have(policy, grant.client, grant.service, now.wall)) return Reason::grant_withdrawn;
        const Service& service = *policy.service(grant.service);
        if (!covers(service, packet)) return Reason::no_grant;
        if (grant.used) return Reason::grant_used;
        if (grant.expires <= now.steady) return Reason::grant_expired;
        if (grant.source_port != 0 && grant.source_port != packet.source_port) return Reason::grant_source_port;
        if (service.mark == Mark::none) return Reason::forward_not_applied;
        return std::nullopt;
    }

    // The narrowest that fits, then the oldest. Null: `nearest` says why there is none.
    TwinGrant* choose(const PacketView& packet, Instant now, const Policy& policy, Reason& nearest) {
        static constexpr std::array order{Reason::no_grant,   Reason::grant_withdrawn,   Reason::grant_expired,
                                          Reason::grant_used, Reason::grant_source_port, Reason::forward_not_applied};
        std::vector<TwinGrant*> narrow, wide;
        auto rank = order.begin();
        for (TwinGrant& one : grants_) {
            if (one.grant.source != packet.source) continue;
            const auto reason = why_not(one.grant, packet, now, policy);
            if (reason)
                rank = std::max(rank, std::ranges::find(order, *reason));
            else
                (one.grant.source_port != 0 ? narrow : wide).push_back(&one);
        }
        nearest = *rank;
        if (!narrow.empty()) return narrow.front();
        return wide.empty() ? nullptr : wide.front();
    }

    Decision open(const PacketView& packet, Instant now, const Policy& policy) {
        for (;;) {
            Reason nearest = Reason::no_grant;
            TwinGrant* chosen = choose(packet, now, policy, nearest);
            if (!chosen) return refuse(nearest);
            const auto old = flows_.find(flow_of(packet));
            if (old != flows_.end() && old->second.ended()) return refuse(Reason::flow_revoked);
            if (old == flows_.end() && flows_.size() >= limits_.flows) return refuse(Reason::flows_full);
            const bool taken = *chosen->left > 0;
            if (taken) --*chosen->left;
            chosen->grant.used = *chosen->left == 0;
            if (taken) return enter(packet, chosen->grant, now, policy);
        }
    }

    Decision enter(const PacketView& packet, const Grant& grant, Instant now, const Policy& policy) {
        Flow flow{grant.id, grant.client, grant.service, packet.sequence, now.steady, now.steady};
        flow.local = packet.local;
        flow.mark = policy.service(grant.service)->mark;
        (void)flow.settles(now.steady);
        flows_[flow_of(packet)] = flow;
        Decision decision{Verdict::accept, Reason::grant_active, grant.client, grant.service, grant.id};
        decision.mark = flow.mark;
        return decision;
    }

    // --- knocks ---

    static Reason reason_of(knock::What what) {
        constexpr std::array reasons{Reason::no_service,     Reason::knock_wrong, Reason::knock_reset,
                                     Reason::knock_full,     Reason::knock_late,  Reason::knock_spent,
                                     Reason::knock_repeated, Reason::knock_step,  Reason::knock_opened};
        return reasons[static_cast<std::size_t>(what)];
    }

    // Of several sequences that say the same, any may be named: the twin names one of them, and `whose` has all. No two
    // that are listened to end alike in this world: which of them completes first is no business of a twin.
    Decision judge_knock(const PacketView& packet, Instant now, const Policy& policy) {
        const auto [listened_to, spent] = sequences_of(policy);
        const auto [what, named] = knocks_.judge(listened_to, spent, packet, now.steady);
        whose.clear();
        for (const knock::SequenceId& id : named) whose.insert(id.knock);
        Decision decision = refuse(reason_of(what));
        if (what != knock::What::complete) return decision;
        const knock::SequenceId& id = *named.begin();
        decision.client = id.knock;
        if (id.part == knock::Part::closing) return close_by_knock(decision, packet, now);
        if (id.listed() && !lines_.use(id.knock, policy.book().find(id)->steps))
            return decision.reason = Reason::knock_not_durable, decision;
        withdraw(packet.source, id.knock, now);
        return open_by_knock(decision, packet, now, policy);
    }

    // Those that are listened to, and lines that are not.
    std::pair<std::vector<knock::Sequence>, std::vector<knock::Sequence>> sequences_of(const Policy& policy) const {
        std::pair<std::vector<knock::Sequence>, std::vector<knock::Sequence>> sequences;
        for (const knock::Sequence& one : policy.book().sequences())
            (!one.id.listed() || lines_.is_listened_to(one.id, one.steps) ? sequences.first : sequences.second)
                .push_back(one);
        return sequences;
    }

    Decision close_by_knock(Decision decision, const PacketView& packet, Instant now) {
        withdraw(packet.source, decision.client, now);
        decision.reason = Reason::knock_closed;
        for (auto& [key, flow] : flows_) {
            if (flow.ended() || flow.client != decision.client || key.source != packet.source) continue;
            flow.ending = Ending::close_knock;
            decision.ends_flows = true;
        }
        return decision;
    }

    void withdraw(const IpAddress& source, ClientId knock, Instant now) {
        for (auto& [grant, left] : grants_)
            if (grant.source == source && grant.client == knock) grant.expires = std::min(grant.expires, now.steady);
    }

    Decision open_by_knock(Decision decision, const PacketView& packet, Instant now, const Policy& policy) {
        decision.service = policy.client(decision.client)->services.front();
        ++begun_[decision.client];
        const Grant grant{
            next_grant(), decision.client, decision.service, packet.source, 0, now.steady + policy.grants.window, {}};
        const bool room = insert({grant, std::make_shared<unsigned>(policy.grants.flows)}, now);
        decision.reason = room ? Reason::knock_opened : Reason::grants_full;
        if (room) decision.grant = grant.id;
        return decision;
    }

public:
    std::set<ClientId> whose;  // the last packet may have been a step of

private:
    Limits limits_;
    std::vector<TwinGrant> grants_;  // the oldest first
    std::map<FlowKey, Flow> flows_;
    std::map<ClientId, FreshnessTwin> memories_;
    std::optional<TimeSpan> covered_ = TimeSpan{WallTime::min(), WallTime::max()};
    std::map<std::pair<ClientId, AttemptId>, TwinAttempt> attempts_;
    std::map<ClientId, std::size_t> begun_;
    std::set<std::pair<int, std::uint64_t>> strangers_;  // read, under which policy
    std::uint64_t last_grant_ = 0;
    KnockTwin knocks_;
    LinesTwin lines_;
};

}  // namespace postern::test
