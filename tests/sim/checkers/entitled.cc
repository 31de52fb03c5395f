// A naive twin of grants and flows: what each proof, or each complete knock, entitles to, in the words of the policy
// and of DESIGN 5; all of one process, for no world hands them over.
#include <algorithm>
#include <deque>
#include <map>

#include "checkers.h"
#include "plan.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;
using Mode = spa::AddressClaim::Mode;

// One attempt's, or one knock's.
struct Pass {
    std::string client;
    SteadyTime expires;
    std::map<std::string, unsigned> left;  // flows, by service; both families share them
    std::array<bool, 2> bound{};           // IPv4, IPv6
    std::uint64_t number = 0;              // of the client's
};

// A pass at one source.
struct Way {
    std::shared_ptr<Pass> pass;
    std::uint16_t port = 0;  // 0: any
};

struct LiveFlow {
    SteadyTime at;
    std::string client, service;
    bool ended = false;
};

std::size_t place(Family family) { return family == Family::v4 ? 0 : 1; }

class Entitled : public Witness {
public:
    explicit Entitled(Court& court) : court_{court} {}

    void lived(Instant, const Policy& policy, End) override {
        ways_.clear(), attempts_.clear(), flows_.clear(), recent_.clear(), made_.clear();
        note_deadlines(policy);
    }
    void reloaded(Instant, const Policy& policy) override { note_deadlines(policy); }

    void revoked(Instant, const std::string& client) override {
        for (auto& [source, ways] : ways_)
            std::erase_if(ways, [&](const Way& way) { return way.pass->client == client; });
        end_flows([&](const FlowKey&, const LiveFlow& flow) { return flow.client == client; });
    }

    void judged(const Judged& judged) override {
        if (!judged.policy.knocks.empty() && !judged.packet.message) remember(judged);
        switch (judged.decision.reason) {
            case Reason::spa_accepted: prove(judged); break;
            case Reason::grants_full:
                if (judged.packet.message) (void)attempt_of(judged);
                break;
            case Reason::knock_opened: knock(judged); break;
            case Reason::knock_closed: close(judged); break;
            default: break;
        }
        if (!judged.decision.lets_in()) return;
        if (judged.decision.reason == Reason::grant_active) return use(judged);
        if (judged.decision.reason == Reason::flow_again) return repeat(judged);
        complain(judged, "was let in for a reason that lets nobody in");
    }

private:
    void complain(const Judged& judged, const std::string& what) {
        court_.complain("entitled: " + to_text(judged.packet) + " " + what + " (" +
                        std::string{word(judged.decision.reason)} + ")");
    }

    // What this message may make, or why not.
    [[nodiscard]] std::string fault(const Judged& judged) const {
        const Packet& packet = judged.packet;
        if (!packet.message) return "made a grant without a proof";
        const spa::Claims& claims = packet.message->claims;
        if (claims.time < judged.now.wall - judged.policy.gateway.skew ||
            claims.time > judged.now.wall + judged.policy.gateway.skew)
            return "made a grant, and its time is off by more than the skew";
        for (const std::string& service : claims.services)
            if (!allows(judged.policy, packet.message->client, service, judged.now.wall))
                return "made a grant for " + service + ", which its client may not use";
        if (name_of(judged.policy, judged.decision.client) != packet.message->client)
            return "made a grant for another client";
        const Client& client = *client_of(judged.policy, packet.message->client);
        const spa::AddressClaim& claim = claims.of(packet.view.family);
        const bool exact_wanted = client.source_claim == SourceClaim::required ||
                                  (client.source_claim == SourceClaim::automatic && packet.view.family == Family::v6);
        if (claim.mode == Mode::absent || (claim.mode == Mode::as_seen && exact_wanted))
            return "made a grant, and does not name its source as it has to";
        if (claim.mode == Mode::exact && claim.address != packet.view.source)
            return "made a grant for another source than it names";
        return {};
    }

    void prove(const Judged& judged) {
        if (const std::string why = fault(judged); !why.empty()) return complain(judged, why);
        const Message& message = *judged.packet.message;
        const auto& pass = attempt_of(judged);
        if (pass->expires <= judged.now.steady) return complain(judged, "made a grant of an attempt that was over");
        bool& bound = pass->bound[place(judged.packet.view.family)];
        if (bound) return complain(judged, "made a second grant of one attempt");
        bound = true;
        ways_[judged.packet.view.source].push_back({pass, message.claims.source_port});
    }

    // Its first message says how long and how often, also where there was no room for its grants.
    std::shared_ptr<Pass>& attempt_of(const Judged& judged) {
        const Message& message = *judged.packet.message;
        auto& pass = attempts_[{message.client, message.claims.attempt}];
        // The gate remembers 128 attempts of a client.
        if (pass && pass->expires <= judged.now.steady && made_[message.client] - pass->number >= 128) pass = nullptr;
        if (!pass) pass = new_pass(judged, message.client, message.claims.services, message.claims.window);
        return pass;
    }

    std::shared_ptr<Pass> new_pass(const Judged& judged, const std::string& client,
                                   const std::vector<std::string>& services, Duration wished) {
        const GrantLimits& limits = judged.policy.grants;
        const Duration window = wished > 0s ? std::min(wished, limits.window) : limits.window;
        auto pass = std::make_shared<Pass>(Pass{client, judged.now.steady + window, {}, {}, ++made_[client]});
        for (const std::string& service : services) pass->left[service] = limits.flows;
        return pass;
    }

    void remember(const Judged& judged) {
        auto& packets = recent_[judged.packet.view.source];
        packets.push_back({judged.now.steady, judged.packet.view});
        packets.back().second.payload = {};
        while (judged.now.steady - packets.front().first > 1min) packets.pop_front();
    }

    // A sequence keeps the deadline that it began with.
    void note_deadlines(const Policy& policy) {
        for (const Knock& knock : policy.knocks)
            longest_deadline_ = std::max(longest_deadline_, knock.opening.deadline);
    }

    // Whether the source has sent these steps, in their order, in time, and this packet as the last.
    [[nodiscard]] bool has_knocked(const Judged& judged, const std::vector<knock::Step>& steps) {
        const auto& packets = recent_[judged.packet.view.source];
        std::size_t missing = steps.size();
        for (auto at = packets.rbegin(); at != packets.rend() && missing > 0; ++at) {
            if (judged.now.steady - at->first > longest_deadline_) return false;
            if (steps[missing - 1].taken_by(at->second)) --missing;
            if (at == packets.rbegin() && missing == steps.size()) return false;
        }
        return missing == 0;
    }
    // Which line may open is another checker's business.
    [[nodiscard]] bool has_knocked(const Judged& judged, const Knock& knock) {
        if (!knock.list) return has_knocked(judged, knock.opening.steps);
        return std::ranges::any_of(knock.list->lines,
                                   [&](const knock::Line& line) { return has_knocked(judged, line.steps); });
    }

    void withdraw(const IpAddress& source, const std::string& client) {
        std::erase_if(ways_[source], [&](const Way& way) { return way.pass->client == client; });
    }

    void knock(const Judged& judged) {
        const Knock* knock = knock_of(judged.policy, name_of(judged.policy, judged.decision.client));
        if (!knock || !has_knocked(judged, *knock)) return complain(judged, "completed a knock without its steps");
        const std::string service = name_of(judged.policy, knock->identity.services.front());
        withdraw(judged.packet.view.source, knock->identity.name);
        ways_[judged.packet.view.source].push_back({new_pass(judged, knock->identity.name, {service}, 0s), 0});
    }

    void close(const Judged& judged) {
        const Knock* knock = knock_of(judged.policy, name_of(judged.policy, judged.decision.client));
        if (!knock || !knock->closing || !has_knocked(judged, knock->closing->steps))
            return complain(judged, "closed without the steps");
        const IpAddress& source = judged.packet.view.source;
        withdraw(source, knock->identity.name);
        end_flows([&](const FlowKey& key, const LiveFlow& flow) {
            return key.source == source && flow.client == knock->identity.name;
        });
    }

    template <class Doomed>
    void end_flows(Doomed doomed) {
        for (auto& [key, flow] : flows_) flow.ended |= doomed(key, flow);
    }

    // The narrowest pass, then the oldest, as DESIGN says; of the client and the service that the gate names.
    [[nodiscard]] Way* choose(const Judged& judged, const std::string& client, const std::string& service) {
        Way* chosen = nullptr;
        for (Way& way : ways_[judged.packet.view.source]) {
            const auto left = way.pass->left.find(service);
            if (way.pass->client != client || left == way.pass->left.end() || left->second == 0) continue;
            if (way.pass->expires <= judged.now.steady) continue;
            if (way.port != 0 && way.port != judged.packet.view.source_port) continue;
            if (!chosen || (chosen->port == 0 && way.port != 0)) chosen = &way;
        }
        return chosen;
    }

    void use(const Judged& judged) {
        const std::string client = name_of(judged.policy, judged.decision.client);
        const std::string service = name_of(judged.policy, judged.decision.service);
        const PacketView& view = judged.packet.view;
        const Service* wanted = service_of(judged.policy, service);
        const bool opens =
            view.transport == Transport::udp ||
            (view.tcp_flags & (tcp_flag::syn | tcp_flag::ack | tcp_flag::rst | tcp_flag::fin)) == tcp_flag::syn;
        if (!opens) return complain(judged, "was let in and opens nothing");
        if (!allows(judged.policy, client, service, judged.now.wall))
            return complain(judged, "was let in for " + client + ", who may not use " + service);
        if (!reaches(*wanted, view)) return complain(judged, "was let in to something else than " + service);
        Way* way = choose(judged, client, service);
        if (!way) return complain(judged, "was let in, and " + client + " has no live grant there for " + service);
        --way->pass->left[service];
        flows_[flow_of(view)] = {judged.now.steady, client, service};
    }

    [[nodiscard]] static bool reaches(const Service& service, const PacketView& view) {
        const bool port = std::ranges::any_of(service.ports, [&](const TransportPorts& ports) {
            return ports.transport == view.transport && ports.ports.first <= view.destination_port &&
                   view.destination_port <= ports.ports.last;
        });
        if (service.to.empty()) return port && view.local;
        return port && service.to.front().contains(view.destination);
    }

    void repeat(const Judged& judged) {
        const auto found = flows_.find(flow_of(judged.packet.view));
        if (judged.packet.view.transport != Transport::udp) return complain(judged, "was let in again");
        if (found == flows_.end() || judged.now.steady - found->second.at > 4s)
            return complain(judged, "was let in as a flow that did not just begin");
        const LiveFlow& flow = found->second;
        if (flow.ended) return complain(judged, "was let in as a flow that was ended");
        if (!allows(judged.policy, flow.client, flow.service, judged.now.wall))
            complain(judged, "was let in again for " + flow.client + ", who may not use " + flow.service);
    }

    Court& court_;
    Duration longest_deadline_{};
    std::map<IpAddress, std::vector<Way>> ways_;
    std::map<std::pair<std::string, AttemptId>, std::shared_ptr<Pass>> attempts_;
    std::map<std::string, std::uint64_t> made_;  // passes of a client
    std::map<FlowKey, LiveFlow> flows_;
    std::map<IpAddress, std::deque<std::pair<SteadyTime, PacketView>>> recent_;  // what may have been steps
};

}  // namespace

std::shared_ptr<Witness> entitled(Court& court) { return std::make_shared<Entitled>(court); }

}  // namespace postern::sim
