// The promises of DESIGN 2 as they show in decisions, judged from these and the policy alone: nothing here knows how
// the gate remembers anything.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "fuzz/demand.h"
#include "fuzz/gate_world.h"
#include "gate/observe.h"

namespace postern::test {

class Promises {
public:
    void judge(const Decision& decision, const PacketView& packet, const Datagram* datagram, Instant now,
               const Policy& policy) {
        const bool is_message = datagram != nullptr;
        if (is_message || packet.malformed)
            demand(decision.verdict == Verdict::drop, "messages are dropped in silence");
        if (decision.reason == Reason::spa_accepted) proved(decision, packet, datagram, now, policy);
        if (decision.reason == Reason::knock_opened)
            made(decision, packet, decision.grant, policy.grants.flows, now, policy);
        if (decision.verdict == Verdict::accept) let_in(decision, packet, now, policy);
        const Decision shown = observed(decision, packet, policy);
        demand(shown.lets_in() == (decision.verdict == Verdict::accept || (packet.observing && policy.gateway.observe)),
               "observing lets in, and nothing else does");
    }

private:
    struct Known {  // of a grant
        IpAddress source;
        ClientId client = ClientId::none;
        SteadyTime until;
        std::shared_ptr<unsigned> left;  // flows of the authorization, both families
    };

    struct Authorized {  // an attempt: its first message says how long and how often
        SteadyTime until;
        std::vector<std::shared_ptr<unsigned>> left;  // one per service
    };

    // No grant without fresh proof, and no proof twice.
    void proved(const Decision& decision, const PacketView& packet, const Datagram* datagram, Instant now,
                const Policy& policy) {
        demand(datagram != nullptr, "only a message makes a grant");
        const spa::Claims& claims = datagram->claims;
        demand(used_.insert(datagram->number).second, "no proof is taken twice");
        demand(claims.time - now.wall <= policy.gateway.skew && now.wall - claims.time <= policy.gateway.skew,
               "a proof is fresh");
        demand(decision.client == static_cast<ClientId>(datagram->who), "whoever proved a key is named");
        const Client* client = policy.client(decision.client);
        demand(client && (!client->expires || now.wall < *client->expires), "the policy knows the client");
        auto& [until, left] =
            authorized_
                .try_emplace({decision.client, claims.attempt}, Authorized{now.steady + policy.grants.window, {}})
                .first->second;
        for (std::size_t i = 0; i < claims.services.size(); ++i) {
            const Service* service = policy.service(claims.services[i]);
            demand(service && client->may_open(service->id), "the policy lets the client have all of it");
            if (left.size() <= i) left.push_back(std::make_shared<unsigned>(policy.grants.flows));
        }
        for (std::size_t i = 0; i < left.size(); ++i)
            known_[static_cast<std::uint64_t>(decision.grant) + i] = {packet.source, decision.client, until, left[i]};
    }

    void made(const Decision& decision, const PacketView& packet, GrantId grant, unsigned flows, Instant now,
              const Policy& policy) {
        known_[static_cast<std::uint64_t>(grant)] = {packet.source, decision.client, now.steady + policy.grants.window,
                                                     std::make_shared<unsigned>(flows)};
    }

    // No accept without a live grant, and one authorization lets in as many flows as it says.
    void let_in(const Decision& decision, const PacketView& packet, Instant now, const Policy& policy) {
        const auto found = known_.find(static_cast<std::uint64_t>(decision.grant));
        demand(found != known_.end(), "what is let in has a grant");
        const Known& grant = found->second;
        demand(grant.source == packet.source && grant.client == decision.client, "it is that source's");
        const Client* client = policy.client(decision.client);
        const Service* service = policy.service(decision.service);
        demand(client && service && client->may_open(decision.service), "the policy still has it");
        demand(service->covers(packet), "and it is for this packet");
        demand(decision.mark != Mark::none && decision.mark == service->mark && is_accepted(decision.mark),
               "it goes where the service goes");
        if (decision.reason == Reason::flow_again)
            return demand(packet.transport == Transport::udp && flows_.contains(flow_of(packet)),
                          "again is a datagram's");
        demand(decision.reason == Reason::grant_active, "a flow is opened by a grant");
        demand(now.steady < grant.until, "the grant is live");
        demand(*grant.left > 0, "one authorization, one flow");
        --*grant.left;
        flows_.insert(flow_of(packet));
    }

    std::set<int> used_;
    std::map<std::uint64_t, Known> known_;
    std::map<std::pair<ClientId, AttemptId>, Authorized> authorized_;
    std::set<FlowKey> flows_;
};

}  // namespace postern::test
