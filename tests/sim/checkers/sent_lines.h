// Lines of one-time lists by their steps, and which of them a source has sent: of every line that a policy ever had.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "witness.h"

namespace postern::sim {

class SentLines {
public:
    using Steps = std::vector<knock::Step>;

    void meet(const Policy& policy) {
        for (const Knock& knock : policy.knocks) {
            if (!knock.list) continue;
            longest_deadline_ = std::max(longest_deadline_, knock.opening.deadline);
            for (const knock::Line& line : knock.list->lines)
                if (by_last_step_[place_of(line.steps.back())].insert(line.steps).second)
                    for (const knock::Step& step : line.steps) places_.insert(place_of(step));
        }
    }

    // Those that this packet is the last step of, behind the others in their order and in time. Once for each packet.
    [[nodiscard]] std::vector<Steps> completed_by(const Judged& judged) {
        const auto place = knock::place_of(judged.packet.view);
        if (!place || !places_.contains(*place)) return {};
        auto& sent = sent_[judged.packet.view.source];
        sent.push_back({judged.now.steady, judged.packet.view});
        sent.back().second.payload = {};
        while (judged.now.steady - sent.front().first > longest_deadline_) sent.pop_front();
        std::vector<Steps> completed;
        for (const Steps& line : by_last_step_[*place])
            if (ends_with(sent, line)) completed.push_back(line);
        return completed;
    }

private:
    using Sent = std::deque<std::pair<SteadyTime, PacketView>>;

    [[nodiscard]] static bool ends_with(const Sent& sent, const Steps& line) {
        std::size_t missing = line.size();
        if (!line.back().taken_by(sent.back().second)) return false;
        for (auto at = sent.rbegin(); at != sent.rend() && missing > 0; ++at)
            if (line[missing - 1].taken_by(at->second)) --missing;
        return missing == 0;
    }

    Duration longest_deadline_{};
    std::map<std::uint32_t, std::set<Steps>> by_last_step_;
    std::set<std::uint32_t> places_;
    std::map<IpAddress, Sent> sent_;
};

}  // namespace postern::sim
