#include "gate/line_memory.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

constexpr std::uint32_t lead = 2;  // lines that a crash may make void

std::uint32_t size_of(const knock::OneTimeList& list) noexcept { return static_cast<std::uint32_t>(list.lines.size()); }

void add(LineMemory::Digests& digests, const knock::OneTimeList& list, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t line = from; line < to; ++line) digests.insert(list.lines[line].digest);
}

// Behind the last line that is in there.
std::uint32_t behind(const LineMemory::Digests& digests, const knock::OneTimeList& list) {
    std::uint32_t line = size_of(list);
    while (line > 0 && !digests.contains(list.lines[line - 1].digest)) --line;
    return line;
}

// Until where the disk should count lines as used.
std::uint32_t goal(const knock::OneTimeList& list, const knock::LineCounter& counter) noexcept {
    return std::min(size_of(list), counter.position().next + lead);
}

}  // namespace

void LineMemory::enroll(const Policy& policy, const CounterOf& counter_of) {
    Open next;
    for (const Knock& knock : policy.knocks)
        if (knock.list) next[knock.identity.id] = {knock.list, &counter_of(knock.identity.id)};
    const auto goes_on = [](const Open& in, const auto& row) {
        const auto found = in.find(row.first);
        return found != in.end() && found->second.list->id == row.second.list->id;
    };
    Digests reserved;
    for (const auto& row : open_)
        if (!goes_on(next, row)) reserved.merge(close(row.second));
    const Open before = std::exchange(open_, std::move(next));
    for (const auto& row : open_) {
        if (goes_on(before, row)) continue;
        doubt(row.first, *row.second.list);
        open(row.second, reserved);
    }
}

void LineMemory::hold() {
    held_ = true;
    for (const auto& [knock, listed] : open_) {
        (void)close(listed);
        open(listed, {});
    }
}

void LineMemory::remember(Digests used, bool doubted) {
    used_.merge(used);
    doubted_ = doubted_ || doubted;
    for (const auto& [knock, listed] : open_) {
        const Digests reserved = close(listed);
        doubt(knock, *listed.list);
        open(listed, reserved);
    }
}

// Once for each knock: what is added to its list then, is new.
void LineMemory::doubt(ClientId knock, const knock::OneTimeList& list) {
    if (doubted_ && !list.lines.empty() && void_.emplace(knock, list.id).second) add(used_, list, 0, size_of(list));
}

// What it had reserved and not used: the disk counts that as used for now.
LineMemory::Digests LineMemory::close(const Listed& listed) {
    const auto at = listed.counter->close();
    Digests reserved;
    add(used_, *listed.list, 0, at.next);
    add(reserved, *listed.list, at.next, at.reserved);
    return reserved;
}

void LineMemory::open(const Listed& listed, const Digests& reserved) {
    const knock::OneTimeList& list = *listed.list;
    const std::uint32_t next = behind(used_, list);
    std::uint32_t to = held_ ? next : size_of(list);
    while (to < size_of(list) && reserved.contains(list.lines[to].digest)) ++to;
    listed.counter->open({list.id, next, to});
}

LineMemory::Digests LineMemory::used(Used which) const {
    Digests digests = used_;
    for (const auto& [knock, listed] : open_) {
        const auto at = listed.counter->position();
        add(digests, *listed.list, 0, which == Used::surely ? at.next : std::max(at.next, at.reserved));
    }
    return digests;
}

std::vector<LinesAhead> LineMemory::ahead() const {
    std::vector<LinesAhead> all;
    for (const auto& [knock, listed] : open_) {
        const std::uint32_t from = listed.counter->position().reserved, to = goal(*listed.list, *listed.counter);
        if (from >= to) continue;
        LinesAhead lines{knock, listed.list->id, to, {}};
        for (std::uint32_t line = from; line < to; ++line) lines.digests.push_back(listed.list->lines[line].digest);
        all.push_back(std::move(lines));
    }
    return all;
}

void LineMemory::reserve(const LinesAhead& lines) {
    if (const auto found = open_.find(lines.knock); found != open_.end())
        found->second.counter->reserve(lines.list, lines.to);
}

std::vector<LinesLeft> LineMemory::left() const {
    std::vector<LinesLeft> rows;
    for (const auto& [knock, listed] : open_) {
        const auto at = listed.counter->position();
        rows.push_back({knock, size_of(*listed.list) - at.next, size_of(*listed.list),
                        std::max(at.next, at.reserved) - at.next, listed.list->look_ahead,
                        void_.contains(knock) && void_.at(knock) == listed.list->id});
    }
    return rows;
}

}  // namespace postern
