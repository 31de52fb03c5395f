// One-time lists. No line opens that was used, nor one in front of it, nor one behind those that are listened to, over
// all lives of the gate. And whoever walks through a list is let in with each line that arrives whole: unless it was
// used or skipped, a crash made it void, it came before the disk was ready, or other packets of its address disturbed.
#include <algorithm>
#include <deque>
#include <map>

#include "checkers.h"
#include "checkers/used_lines.h"
#include "plan.h"
#include "world.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t lead = 2;  // lines that the disk is ahead, and so those that a crash makes void

class ListJudge : public Witness {
public:
    ListJudge(Court& court, const LineRules& rules, LineCounts& counts)
        : court_{court}, rules_{rules}, counts_{counts} {}

    void lived(Instant, const Policy& policy, End before) override {
        ++lives_;
        for (auto& [source, walker] : walkers_) walker = {};
        if (before == End::crash) crashed(policy);
        meet(policy);
        reserve(policy);
    }
    void died(Instant, const Policy&, End how) override { how == End::crash ? used_.forget_young() : used_.keep(); }
    void looked(Instant, const Policy& policy) override {
        used_.keep();
        reserve(policy);
    }
    void reloaded(Instant, const Policy& policy) override {
        for (auto& [source, walker] : walkers_) walker.line = {};
        const auto before = std::exchange(lists_, {});
        meet(policy);
        for (const auto& [knock, list] : lists_)
            if (const auto old = before.find(knock); old == before.end() || !begins_with(*list, *old->second))
                reserved_[knock] = 0;
    }

    void judged(const Judged& judged) override {
        const auto completed = sent_.completed_by(judged);
        if (judged.packet.wish && judged.packet.wish->line) walk(judged);
        note_others(judged);
        const Reason reason = judged.decision.reason;
        if (uses_line(reason)) return use(judged, completed);
        if (!judged.packet.wish &&
            std::ranges::any_of(completed, [&](const auto& line) { return used_.contain(line); }))
            ++counts_.again;
    }

private:
    using List = std::shared_ptr<const knock::OneTimeList>;
    using Steps = SentLines::Steps;

    // The line that a walker's address is in.
    struct Walk {
        std::uint64_t wish = 0;
        std::size_t steps = 0;  // of it, taken in order
        SteadyTime began;
        bool good = false;
    };
    struct Heard {
        SteadyTime at;
        std::uint64_t wish = 0;  // 0: somebody else's
        PacketView view;
        bool begins = false;  // a sequence
    };
    struct Walker {
        SteadyTime known{};  // what came before is not
        Walk line;
        std::deque<Heard> packets;
    };

    // What is full refuses behind it.
    static bool uses_line(Reason reason) {
        constexpr std::array reasons{Reason::knock_opened, Reason::knock_not_durable, Reason::grants_full,
                                     Reason::attempts_full};
        return std::ranges::find(reasons, reason) != reasons.end();
    }
    static bool begins_with(const knock::OneTimeList& list, const knock::OneTimeList& beginning) {
        return list.lines.size() >= beginning.lines.size() &&
               std::ranges::equal(beginning.lines, std::span{list.lines}.first(beginning.lines.size()), {},
                                  &knock::Line::steps, &knock::Line::steps);
    }

    void complain(const Judged& judged, const std::string& what) {
        court_.complain("lines: " + to_text(judged.packet) + " " + what + ", in life " + std::to_string(lives_) +
                        ", and got " + std::string{word(judged.decision.reason)});
    }

    // --- what there is ---

    void meet(const Policy& policy) {
        sent_.meet(policy);
        used_.meet(policy);
        generation_ = policy.generation;
        for (const Knock& knock : policy.knocks)
            if (knock.list) lists_[knock.identity.name] = knock.list, lost_.try_emplace(knock.identity.name);
    }
    void crashed(const Policy& policy) {
        for (auto& [knock, lines] : lost_) lines += lead;
        if (!rules_.old_copies) return;
        for (const Knock& knock : policy.knocks)
            if (knock.list)
                for (const knock::Line& line : knock.list->lines) doubted_.insert(line.steps);
    }
    void reserve(const Policy& policy) {
        for (const Knock& knock : policy.knocks)
            if (knock.list) reserved_[knock.identity.name] = used_.next(*knock.list) + lead;
    }

    // --- what opens ---

    void use(const Judged& judged, const std::vector<Steps>& completed) {
        const Knock* knock = knock_of(judged.policy, name_of(judged.policy, judged.decision.client));
        if (!knock || !knock->list) return;
        const bool waits = judged.decision.reason == Reason::knock_not_durable;
        std::optional<std::size_t> line;
        bool any = false;
        for (const Steps& steps : completed)
            if (const auto place = place_in(*knock->list, steps)) {
                any = true;
                if (!used_.contain(steps)) line = std::min(*place, line.value_or(*place));
            }
        if (!any) return;  // that nobody knocked is told by `entitled`
        if (!line) return complain(judged, "completed a line that was used, or is in front of one");
        if (*line >= window_end(*knock)) return complain(judged, "completed a line that is not listened to");
        used_.use(*knock->list, *line + 1);
        lost_[knock->identity.name] = 0;
        if (!waits) used_.keep();
        if (judged.decision.reason == Reason::knock_opened) ++counts_.opened;
    }
    // Where the window ends at the latest.
    [[nodiscard]] std::size_t window_end(const Knock& knock) {
        const std::size_t all = knock.list->lines.size();
        const std::size_t end = used_.next(*knock.list) + lost_[knock.identity.name] + knock.list->look_ahead;
        return rules_.old_copies ? all : std::min(all, end);
    }

    // --- who walks ---

    void walk(const Judged& judged) {
        const Packet& packet = judged.packet;
        Walker& walker = walkers_.try_emplace(packet.view.source, Walker{judged.now.steady, {}, {}}).first->second;
        Walk& line = walker.line;
        if (packet.step == 1 && line.wish != packet.wish->number) {
            line = {packet.wish->number, 1, judged.now.steady, is_listened_to(judged)};
        } else if (line.wish == packet.wish->number && packet.step > line.steps) {
            line.good = line.good && packet.step == ++line.steps;
            if (line.good && line.steps == packet.wish->steps && is_owed(judged, walker)) ask_for(judged);
        }
    }

    [[nodiscard]] bool is_listened_to(const Judged& judged) {
        const Knock* knock = knock_of(judged.policy, judged.packet.wish->client);
        if (!knock || !knock->list || judged.policy.generation != generation_ || rules_.tight) return false;
        const auto place = place_in(*knock->list, *judged.packet.wish->line);
        return place && *place < used_.next(*knock->list) + knock->list->look_ahead;
    }

    [[nodiscard]] bool is_owed(const Judged& judged, const Walker& walker) {
        const Knock* knock = knock_of(judged.policy, judged.packet.wish->client);
        if (!knock || !knock->list) return false;
        const std::size_t line = *place_in(*knock->list, *judged.packet.wish->line);
        const std::string& name = knock->identity.name;
        if (line < used_.next(*knock->list) + lost_[name] || doubted_.contains(*judged.packet.wish->line)) return false;
        if (judged.now.steady - walker.line.began >= knock->opening.deadline - 10ms) return false;
        if (disturbed(walker, *judged.packet.wish->line)) return false;
        return judged.decision.reason != Reason::knock_not_durable || line < reserved_[name];
    }
    void ask_for(const Judged& judged) {
        if (judged.decision.reason != Reason::knock_opened) return complain(judged, "had to complete its line");
        ++counts_.owed;
    }

    void note_others(const Judged& judged) {
        const auto found = walkers_.find(judged.packet.view.source);
        if (found == walkers_.end()) return;
        auto& packets = found->second.packets;
        const auto& wish = judged.packet.wish;
        packets.push_back({judged.now.steady, wish ? wish->number : 0, judged.packet.view, begins_something(judged)});
        packets.back().view.payload = {};
        while (judged.now.steady - packets.front().at > 30s) packets.pop_front();
    }
    [[nodiscard]] bool begins_something(const Judged& judged) const {
        const auto begins = [&](const Steps& steps) {
            return !steps.empty() && steps.front().taken_by(judged.packet.view);
        };
        return std::ranges::any_of(judged.policy.knocks, [&](const Knock& knock) {
            const auto line = [&](const knock::Line& one) { return !used_.contain(one.steps) && begins(one.steps); };
            return begins(knock.opening.steps) || (knock.closing && begins(knock.closing->steps)) ||
                   (knock.list && std::ranges::any_of(knock.list->lines, line));
        });
    }

    // Three wrong packets are tolerated, and three more sequences that the source is in.
    [[nodiscard]] static bool disturbed(const Walker& walker, const Steps& line) {
        const Walk& walk = walker.line;
        std::size_t begun = 0, wrong = 0;
        for (const Heard& heard : walker.packets) {
            if (heard.wish == walk.wish || heard.at < walk.began - 20s) continue;
            const bool takes = std::ranges::any_of(line, [&](const auto& step) { return step.taken_by(heard.view); });
            if (takes && heard.at >= walk.began) continue;
            if (heard.begins) ++begun;
            if (heard.at >= walk.began) ++wrong;
        }
        return wrong > 3 || begun > 3 || walker.known > walk.began - 20s;
    }

    Court& court_;
    LineRules rules_;
    LineCounts& counts_;
    unsigned lives_ = 0;
    std::uint64_t generation_ = 0;
    SentLines sent_;
    UsedLines used_;
    std::map<std::string, List> lists_;
    std::map<std::string, std::size_t> lost_;      // lines that crashes may have made void since the last was used
    std::map<std::string, std::size_t> reserved_;  // in front of it the disk is ready
    std::set<Steps> doubted_;                      // an older copy came back
    std::map<IpAddress, Walker> walkers_;
};

}  // namespace

std::shared_ptr<Witness> lines(Court& court, const LineRules& rules, LineCounts& counts) {
    return std::make_shared<ListJudge>(court, rules, counts);
}

}  // namespace postern::sim
