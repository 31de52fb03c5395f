// One-time lists: what is on the disk, written by a keeper (posternd/keeper.h) that may be interrupted between any two
// of its steps; and the promises, judged from the packets, the policies and that disk alone.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "fuzz/demand.h"
#include "fuzz/gate_lines.h"
#include "gate/decision.h"
#include "gate/tables.h"

namespace postern::test {

class SlowKeeper {
public:
    // The next step: of what it is at; else it begins to write everything, or what is ahead.
    void move_on(Tables& tables, LinesTwin& twin, bool everything) {
        if (exact_) {
            disk_ = *std::exchange(exact_, std::nullopt);
        } else if (!ahead_.empty() && !written_) {
            for (const LinesAhead& lines : ahead_) disk_.insert(lines.digests.begin(), lines.digests.end());
            written_ = true;
        } else if (!ahead_.empty()) {
            reserve(tables, twin);
        } else if (everything) {
            exact_ = tables.replay_memory().lines;
        } else {
            ahead_ = tables.lines().with([](const LineMemory& lines) { return lines.ahead(); });
        }
    }

    // What another process used is on the disk.
    void remember(const LineMemory::Digests& used) { disk_.insert(used.begin(), used.end()); }

    [[nodiscard]] bool has(const knock::LineDigest& line) const { return disk_.contains(line); }

private:
    void reserve(Tables& tables, LinesTwin& twin) {
        for (const LinesAhead& lines : ahead_) {
            tables.lines().with([&](LineMemory& memory) { memory.reserve(lines); });
            twin.make_ready(lines.knock, lines.list, lines.to);
        }
        ahead_.clear();
        written_ = false;
    }

    LineMemory::Digests disk_;
    std::vector<LinesAhead> ahead_;  // to be written, then reserved
    bool written_ = false;
    std::optional<LineMemory::Digests> exact_;  // to be written
};

// No line completes that was used, nor one in front of it; what opens is on the disk, where there is one.
class LinePromises {
public:
    void judge(const Decision& decision, const PacketView& packet, const Policy& policy, const SlowKeeper* disk) {
        const bool waits = decision.reason == Reason::knock_not_durable;
        const bool opens = decision.reason == Reason::knock_opened || decision.reason == Reason::grants_full;
        const Knock* knock = policy.knock(decision.client);
        demand(!waits || (disk && knock && knock->list), "only a list waits for a disk");
        if (!knock || !knock->list || !(opens || waits)) return;
        const auto& lines = knock->list->lines;
        const auto line =
            std::ranges::find_if(lines, [&](const knock::Line& one) { return one.steps.back().taken_by(packet); });
        demand(line != lines.end(), "a line ends with this packet");
        demand(!used_.contains(line->steps), "no line is good twice, nor one in front of a used one");
        demand(!opens || !disk || disk->has(line->digest), "a line that opens counts as used on the disk");
        for (auto one = lines.begin(); one <= line; ++one) used_.insert(one->steps);
    }

    void use(const LinesTwin::Steps& line) { used_.insert(line); }

private:
    std::set<LinesTwin::Steps> used_;
};

}  // namespace postern::test
