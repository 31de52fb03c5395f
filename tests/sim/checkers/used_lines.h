// Which lines of one-time lists are used or void, over all lives of the gate: from what opened, and from the lists.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "checkers/sent_lines.h"

namespace postern::sim {

class UsedLines {
public:
    using Steps = SentLines::Steps;

    // A list goes on behind its last line that is used.
    void meet(const Policy& policy) {
        for (const Knock& knock : policy.knocks)
            if (knock.list) use(*knock.list, next(*knock.list));
    }

    // All lines in front of `end`.
    void use(const knock::OneTimeList& list, std::size_t end) {
        for (std::size_t i = 0; i < end; ++i)
            if (used_.insert(list.lines[i].steps).second) young_.push_back(list.lines[i].steps);
    }

    // What is void by now is so for ever. Lines that opened something are at once.
    void keep() { young_.clear(); }
    void forget_young() {
        for (const Steps& line : young_) used_.erase(line);
        young_.clear();
    }

    [[nodiscard]] bool contain(const Steps& line) const { return used_.contains(line); }

    // Behind the last one.
    [[nodiscard]] std::size_t next(const knock::OneTimeList& list) const {
        std::size_t end = list.lines.size();
        while (end > 0 && !contain(list.lines[end - 1].steps)) --end;
        return end;
    }

private:
    std::set<Steps> used_;
    std::vector<Steps> young_;  // the disk may not know them
};

// Where a line stands; nothing: nowhere.
[[nodiscard]] inline std::optional<std::size_t> place_in(const knock::OneTimeList& list, const SentLines::Steps& line) {
    for (std::size_t i = 0; i < list.lines.size(); ++i)
        if (list.lines[i].steps == line) return i;
    return std::nullopt;
}

}  // namespace postern::sim
