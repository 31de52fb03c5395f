// Which lines of one-time lists are used, listened to and ready: the naive twin of knock/one_time.h and
// gate/line_memory.h. It keeps lines by their steps, and walks through lists from end to end.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gate/policy.h"

namespace postern::test {

class LinesTwin {
public:
    using Steps = std::vector<knock::Step>;

    // Lists that changed: what was ready stays so where it comes next.
    void enroll(const Policy& policy) {
        const auto before = std::exchange(lists_, lists_of(policy));
        std::set<Steps> ready;
        for (const auto& [knock, list] : before)
            if (!is_same(lists_, knock, list)) {
                std::ranges::copy(ready_[knock], std::inserter(ready, ready.end()));
                ready_.erase(knock);
            }
        for (const auto& [knock, list] : lists_)
            if (!is_same(before, knock, list)) prepare(knock, ready);
    }

    // From here on a line has to be ready.
    void hold() {
        held_ = true;
        ready_.clear();
    }

    // Lines that another process used.
    void remember(const std::set<Steps>& used) {
        std::ranges::copy(used, std::inserter(used_, used_.end()));
        for (const auto& [knock, list] : lists_) {
            const std::set<Steps> ready = std::exchange(ready_[knock], {});
            prepare(knock, ready);
        }
    }

    // The lines in front of `end`, of this list.
    void make_ready(ClientId knock, ListId list, std::size_t end) {
        const auto found = lists_.find(knock);
        if (found == lists_.end() || found->second.id != list) return;
        ready_[knock].insert(found->second.lines.begin(),
                             found->second.lines.begin() + static_cast<std::ptrdiff_t>(end));
    }

    [[nodiscard]] bool is_listened_to(const knock::SequenceId& id, const Steps& line) const {
        const List& list = lists_.at(id.knock);
        const std::size_t next = next_of(list), end = std::min(list.lines.size(), next + list.look_ahead);
        return std::find(list.lines.begin() + static_cast<std::ptrdiff_t>(next),
                         list.lines.begin() + static_cast<std::ptrdiff_t>(end),
                         line) != list.lines.begin() + static_cast<std::ptrdiff_t>(end);
    }

    // A line that completes is used, and those before it; whether it lets somebody in.
    [[nodiscard]] bool use(ClientId knock, const Steps& line) {
        const List& list = lists_.at(knock);
        const bool good = !held_ || ready_[knock].contains(line);
        const auto end = std::ranges::find(list.lines, line) + 1;
        used_.insert(list.lines.begin(), end);
        return good;
    }

    [[nodiscard]] std::size_t left(ClientId knock) const {
        const List& list = lists_.at(knock);
        return list.lines.size() - next_of(list);
    }
    [[nodiscard]] std::size_t lists() const { return lists_.size(); }

private:
    struct List {
        ListId id = ListId::none;
        std::vector<Steps> lines;
        std::size_t look_ahead = 0;
    };
    using Lists = std::map<ClientId, List>;

    static Lists lists_of(const Policy& policy) {
        Lists lists;
        for (const Knock& knock : policy.knocks) {
            if (!knock.list) continue;
            List& list = lists[knock.identity.id];
            list.id = knock.list->id;
            list.look_ahead = knock.list->look_ahead;
            for (const knock::Line& line : knock.list->lines) list.lines.push_back(line.steps);
        }
        return lists;
    }
    static bool is_same(const Lists& lists, ClientId knock, const List& other) {
        const auto found = lists.find(knock);
        return found != lists.end() && found->second.lines == other.lines;
    }

    // Behind the last line that is used.
    [[nodiscard]] std::size_t next_of(const List& list) const {
        std::size_t next = 0;
        for (std::size_t i = 0; i < list.lines.size(); ++i)
            if (used_.contains(list.lines[i])) next = i + 1;
        return next;
    }

    // What lies in front of a used line is void for ever, also where another list comes.
    void prepare(ClientId knock, const std::set<Steps>& ready) {
        const List& list = lists_.at(knock);
        const std::size_t next = next_of(list);
        used_.insert(list.lines.begin(), list.lines.begin() + static_cast<std::ptrdiff_t>(next));
        for (std::size_t i = next; i < list.lines.size() && ready.contains(list.lines[i]); ++i)
            ready_[knock].insert(list.lines[i]);
    }

    bool held_ = false;
    std::set<Steps> used_;
    std::map<ClientId, std::set<Steps>> ready_;
    Lists lists_;
};

}  // namespace postern::test
