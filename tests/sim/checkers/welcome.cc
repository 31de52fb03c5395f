// An honest client is asked for twice. Its message has to be taken: unless its clock is off, its client is not in the
// policy, a crash used up its time, the clock was set within the second, or strangers have spent the budget. Behind a
// message that was taken its first packet has to get in: unless the window is over, somebody else came first with what
// the grant does not tell apart, or an operator took it away. What the network loses is nobody's fault.
#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "checkers.h"
#include "checkers/refused_times.h"
#include "plan.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

struct Window {
    SteadyTime from, to;
};

// Of one wish and one family, in this process: what its proof is good for.
struct Proof {
    Window window;
    std::uint16_t port = 0;  // 0: any
    std::string client;
};

// The knocks of one source.
struct Knocking {
    std::uint64_t wish = 0;  // the latest
    std::size_t steps = 0;   // of it, taken in order
    SteadyTime began, last;  // its first step; whatever came last
    SteadyTime others;       // the last packet that was not of this wish
};

// A flow that somebody was let in with.
struct LetIn {
    SteadyTime at;
    std::uint64_t wish = 0;  // 0: nobody honest's
    std::string client, service;
    std::uint16_t port = 0;
};

class Welcome : public Witness {
public:
    Welcome(Court& court, bool tight, std::uint64_t& welcomed) : court_{court}, tight_{tight}, welcomed_{welcomed} {}

    void lived(Instant now, const Policy& policy, End before) override {
        refused_.lived(now, policy.gateway.skew, before);
        taken_.clear(), knocking_.clear(), let_in_.clear(), windows_.clear(), granted_.clear(), raced_.clear(),
            opened_.clear();
        settling_ = false;
    }
    void looked(Instant now, const Policy& policy) override {
        refused_.looked(now, policy.gateway.skew);
        settling_ = false;
    }
    void clock_set(Instant, Duration) override { settling_ = true; }
    void reloaded(Instant, const Policy&) override {
        settling_ = true;   // its skew may be wider than what the disk answers for
        knocking_.clear();  // its knocks may be others
    }
    void revoked(Instant, const std::string& client) override {
        std::erase_if(taken_, [&](const auto& row) { return row.second.client == client; });
    }

    void judged(const Judged& judged) override {
        const Packet& packet = judged.packet;
        if (packet.costs) costs_.push_back(judged.now.steady);
        if (packet.message) note_race(packet);
        if (judged.decision.reason == Reason::knock_opened) opened_.push_back(judged.now.steady);
        if (packet.message) note_window(judged);
        note_knocker(judged);
        if (packet.wish && packet.message) take_message(judged);
        if (packet.wish && packet.step > 0) take_step(judged);
        if (packet.wish && !packet.message && packet.step == 0) ask_for(judged);
        if (judged.decision.reason == Reason::grant_active) note_let_in(judged);
    }

private:
    using Key = std::pair<std::uint64_t, Family>;

    void complain(const Judged& judged, const std::string& what) {
        court_.complain("welcome: " + to_text(judged.packet) + " " + what + ", and got " +
                        std::string{word(judged.decision.reason)});
    }

    // Whoever is faster with an attempt that binds no address may have its grant.
    void note_race(const Packet& packet) {
        raced_[{packet.message->claims.attempt, packet.view.family}].insert_or_assign(packet.view.source, true);
    }
    [[nodiscard]] bool raced(const Packet& packet) {
        const auto& sources = raced_[{packet.message->claims.attempt, packet.view.family}];
        const bool exact = packet.message->claims.of(packet.view.family).mode == spa::AddressClaim::Mode::exact;
        return !exact && sources.size() > 1;
    }

    void note_let_in(const Judged& judged) {
        const Packet& packet = judged.packet;
        const std::string client = name_of(judged.policy, judged.decision.client);
        let_in_.push_back({judged.now.steady, packet.wish ? packet.wish->number : 0, client,
                           name_of(judged.policy, judged.decision.service), packet.view.source_port});
        if (let_in_.size() > 2000) let_in_.pop_front();
    }

    // Whether strangers may have spent what this source needs: its own budget, once it has proved a key.
    [[nodiscard]] bool budget_spent(const Judged& judged) {
        while (!costs_.empty() && judged.now.steady - costs_.front() > 1500ms) costs_.pop_front();
        return costs_.size() > 900;
    }

    // Why the gate need not take this message; empty: it must.
    [[nodiscard]] std::string excuse(const Judged& judged) {
        const spa::Claims& claims = judged.packet.message->claims;
        const Wish& wish = *judged.packet.wish;
        const Duration skew = judged.policy.gateway.skew;
        if (claims.time < judged.now.wall - skew || claims.time > judged.now.wall + skew) return "clock";
        for (const std::string& service : claims.services)
            if (!allows(judged.policy, wish.client, service, judged.now.wall)) return "policy";
        const Client& client = *client_of(judged.policy, wish.client);
        const bool exact = claims.of(judged.packet.view.family).mode == spa::AddressClaim::Mode::exact;
        if (!exact && client.source_claim == SourceClaim::required) return "source claim";
        if (refused_.contain(claims.time)) return "crash";
        if (settling_) return "clock set";
        if (raced(judged.packet)) return "race";
        if (judged.decision.reason == Reason::spa_budget && budget_spent(judged)) return "budget";
        return {};
    }

    void take_message(const Judged& judged) {
        if (!excuse(judged).empty()) return;
        const Reason reason = judged.decision.reason;
        if (tight_ && (reason == Reason::grants_full || reason == Reason::attempts_full)) return;
        const bool again = reason == Reason::spa_again && has_its_grant(judged);
        const bool good = reason == Reason::spa_accepted || again || reason == Reason::spa_replayed;
        if (!good) return complain(judged, "had to be taken");
        // A retry extends nothing, and a copy may have come before: where this one made no grant, nothing is asked for.
        if (reason != Reason::spa_accepted) return;
        const spa::Claims& claims = judged.packet.message->claims;
        const Proof proof{windows_.at(claims.attempt), exchangeable(claims) ? std::uint16_t{0} : claims.source_port,
                          judged.packet.wish->client};
        taken_.try_emplace({judged.packet.wish->number, judged.packet.view.family}, proof);
    }

    // Of an attempt that names a port in one family alone, whoever sends from the other's address may use it up.
    [[nodiscard]] static bool exchangeable(const spa::Claims& claims) {
        return claims.v4.mode == spa::AddressClaim::Mode::as_seen || claims.v6.mode == spa::AddressClaim::Mode::as_seen;
    }

    // Or had, and its window is over.
    [[nodiscard]] bool has_its_grant(const Judged& judged) const {
        const AttemptId& attempt = judged.packet.message->claims.attempt;
        const auto window = windows_.find(attempt);
        return granted_.contains({attempt, judged.packet.view.family}) ||
               (window != windows_.end() && window->second.to <= judged.now.steady);
    }

    // Both families of an attempt have the window of the first message.
    void note_window(const Judged& judged) {
        const bool made = judged.decision.reason == Reason::spa_accepted;
        if (!made && judged.decision.reason != Reason::grants_full) return;
        const spa::Claims& claims = judged.packet.message->claims;
        const Duration most = judged.policy.grants.window;
        const Duration window = claims.window > 0s ? std::min(claims.window, most) : most;
        if (made) granted_.insert({claims.attempt, judged.packet.view.family});
        windows_.try_emplace(claims.attempt, Window{judged.now.steady, judged.now.steady + window});
    }

    void note_knocker(const Judged& judged) {
        const auto& wish = judged.packet.wish;
        Knocking& knocking = knocking_[judged.packet.view.source];
        if (!wish || wish->steps == 0)
            knocking.others = judged.now.steady;
        else if (knocking.wish != wish->number)
            knocking.others = knocking.last, knocking.wish = wish->number, knocking.steps = 0;
        knocking.last = judged.now.steady;
    }

    // The steps of one wish one behind the other, undisturbed, make a grant.
    void take_step(const Judged& judged) {
        constexpr std::size_t no_more = 1000;
        const Packet& packet = judged.packet;
        if (packet.wish->line) return take_line(judged);
        Knocking& mine = knocking_[packet.view.source];
        if (packet.step <= mine.steps) return;
        if (packet.step == 1) mine.began = judged.now.steady;
        mine.steps = packet.step == mine.steps + 1 ? packet.step : no_more;
        if (mine.steps != packet.wish->steps) return;
        mine.steps = no_more;
        const Knock* knock = knock_of(judged.policy, packet.wish->client);
        if (!knock || mine.others >= mine.began - 20s) return;
        if (judged.now.steady - mine.began >= knock->opening.deadline - 10ms) return;
        while (!opened_.empty() && judged.now.steady - opened_.front() > 1min) opened_.pop_front();
        if (tight_ || opened_.size() > 100) return;
        if (judged.decision.reason != Reason::knock_opened) return complain(judged, "had to complete its knock");
        note_knocked(judged);
    }
    // Whether a line has to open is another checker's business.
    void take_line(const Judged& judged) {
        if (judged.decision.reason == Reason::knock_opened) note_knocked(judged);
    }
    void note_knocked(const Judged& judged) {
        const Wish& wish = *judged.packet.wish;
        taken_.insert_or_assign(
            {wish.number, judged.packet.view.family},
            Proof{{judged.now.steady, judged.now.steady + judged.policy.grants.window}, 0, wish.client});
    }

    [[nodiscard]] bool somebody_came_first(const Judged& judged, const Proof& proof) const {
        return std::ranges::any_of(let_in_, [&](const LetIn& other) {
            return other.at >= proof.window.from && other.client == judged.packet.wish->client &&
                   other.service == judged.packet.wish->service && (proof.port == 0 || other.port == proof.port);
        });
    }

    // The first packet of a wish, or one of its repeats.
    void ask_for(const Judged& judged) {
        const Packet& packet = judged.packet;
        if (packet.wish->let_in) return;  // a repeat of what is in
        const auto found = taken_.find({packet.wish->number, packet.view.family});
        if (found == taken_.end() || found->second.window.to <= judged.now.steady) return;
        const Proof& proof = found->second;
        if (!allows(judged.policy, packet.wish->client, packet.wish->service, judged.now.wall)) return;
        if (somebody_came_first(judged, proof)) return;
        if (packet.wish->steps > 0 && knocking_[packet.view.source].others >= proof.window.from) return;
        if (tight_ && judged.decision.reason == Reason::flows_full) return;
        if (!judged.decision.lets_in()) return complain(judged, "had to be let in");
        ++welcomed_;
    }

    Court& court_;
    bool tight_;
    std::uint64_t& welcomed_;
    RefusedTimes refused_;
    bool settling_ = false;
    std::map<Key, Proof> taken_;
    std::map<IpAddress, Knocking> knocking_;
    std::deque<LetIn> let_in_;
    std::deque<SteadyTime> costs_, opened_;
    std::map<AttemptId, Window> windows_;
    std::set<std::pair<AttemptId, Family>> granted_;
    std::map<std::pair<AttemptId, Family>, std::map<IpAddress, bool>> raced_;
};

}  // namespace

std::shared_ptr<Witness> welcome(Court& court, bool tight, std::uint64_t& welcomed) {
    return std::make_shared<Welcome>(court, tight, welcomed);
}

}  // namespace postern::sim
