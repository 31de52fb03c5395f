// What a packet is to the knock sequences of a policy, thought over from the start at every packet: the naive twin of
// knock/judge.h. It keeps every packet that was a step, and every wrong one.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "knock/judge.h"

namespace postern::test {

class KnockTwin {
public:
    using Answer = std::pair<knock::What, std::set<knock::SequenceId>>;

    // `sequences`: those that are listened to. `spent`: the policy's other lines.
    Answer judge(const std::vector<knock::Sequence>& sequences, const std::vector<knock::Sequence>& spent,
                 const PacketView& packet, SteadyTime now) {
        std::map<knock::What, std::set<knock::SequenceId>> said{{knock::What::nothing, {}}};
        for (const knock::Sequence& line : spent)
            if (const Attempt& attempt = attempt_at(line, packet); !attempt.empty())
                if (line.steps[taken(line, attempt)].taken_by(packet)) said[knock::What::spent].insert(line.id);
        forget_others(sequences, packet.source);
        for (const knock::Sequence& sequence : sequences)
            if (Attempt& attempt = attempt_at(sequence, packet); !attempt.empty())
                said[go_on(sequence, attempt, packet, now)].insert(sequence.id);
        for (const knock::Sequence& sequence : sequences)
            if (attempt_at(sequence, packet).empty() && sequence.steps[0].taken_by(packet))
                said[begin(sequence, sequences, packet, now)].insert(sequence.id);
        if (said.rbegin()->first == knock::What::nothing)
            for (const knock::Sequence& sequence : sequences)
                if (Attempt& attempt = attempt_at(sequence, packet); !attempt.empty())
                    said[charge(sequence, attempt, packet, now)].insert(sequence.id);
        return *said.rbegin();
    }

    // Sources whose every sequence is over are forgotten.
    void sweep(const std::vector<knock::Sequence>& sequences, SteadyTime now) {
        std::set<IpAddress> live;
        for (const auto& [key, attempt] : heard_)
            if (!attempt.empty() && now < attempt.front().at + deadline_of(sequences, key.second))
                live.insert(key.first);
        std::erase_if(heard_, [&](const auto& row) { return !live.contains(row.first.first); });
    }

private:
    struct Heard {
        PacketView packet;
        SteadyTime at;
        bool wrong = false;
    };
    using Attempt = std::vector<Heard>;

    void forget_others(const std::vector<knock::Sequence>& sequences, const IpAddress& source) {
        std::erase_if(heard_, [&](const auto& row) {
            return row.first.first == source &&
                   std::ranges::find(sequences, row.first.second, &knock::Sequence::id) == sequences.end();
        });
    }

    // Of one that left the policy, that which it had: here all have the same.
    static Duration deadline_of(const std::vector<knock::Sequence>& sequences, knock::SequenceId id) {
        const auto found = std::ranges::find(sequences, id, &knock::Sequence::id);
        return found == sequences.end() ? sequences.front().deadline : found->deadline;
    }

    static std::size_t taken(const knock::Sequence& sequence, const Attempt& attempt) {
        std::size_t next = 0;
        for (const Heard& heard : attempt)
            if (next < sequence.steps.size() && sequence.steps[next].taken_by(heard.packet)) ++next;
        return next;
    }

    Attempt& attempt_at(const knock::Sequence& sequence, const PacketView& packet) {
        return heard_[{packet.source, sequence.id}];
    }

    static knock::What go_on(const knock::Sequence& sequence, Attempt& attempt, const PacketView& packet,
                             SteadyTime now) {
        const std::size_t before = taken(sequence, attempt);
        if (now >= attempt.front().at + sequence.deadline) {
            attempt.clear();
            return sequence.steps[before].taken_by(packet) ? knock::What::late : knock::What::nothing;
        }
        attempt.push_back({packet, now});
        const std::size_t after = taken(sequence, attempt);
        if (after == sequence.steps.size()) return attempt.clear(), knock::What::complete;
        if (after > before) return knock::What::step;
        attempt.pop_back();
        const auto again = [&](const knock::Step& step) { return step.taken_by(packet); };
        return std::any_of(sequence.steps.begin(), sequence.steps.begin() + static_cast<std::ptrdiff_t>(before), again)
                   ? knock::What::repeated
                   : knock::What::nothing;
    }

    // A source may be in four at once.
    knock::What begin(const knock::Sequence& sequence, const std::vector<knock::Sequence>& sequences,
                      const PacketView& packet, SteadyTime now) {
        const auto running = std::ranges::count_if(
            heard_, [&](const auto& row) { return row.first.first == packet.source && !row.second.empty(); });
        if (running >= 4 && !forget_least(sequence, sequences, packet)) return knock::What::full;
        attempt_at(sequence, packet).push_back({packet, now});
        return knock::What::step;
    }

    // Of the attempts at lines of the same list that which came least far, of several the oldest.
    bool forget_least(const knock::Sequence& line, const std::vector<knock::Sequence>& sequences,
                      const PacketView& packet) {
        if (!line.id.listed()) return false;
        std::map<std::tuple<std::size_t, SteadyTime, std::uint16_t>, Attempt*> by_progress;
        for (const knock::Sequence& other : sequences)
            if (Attempt& attempt = attempt_at(other, packet); other.id.same_but_line(line.id) && !attempt.empty())
                by_progress[{taken(other, attempt), attempt.front().at, other.id.line}] = &attempt;
        if (by_progress.empty()) return false;
        by_progress.begin()->second->clear();
        return true;
    }

    static knock::What charge(const knock::Sequence& sequence, Attempt& attempt, const PacketView& packet,
                              SteadyTime now) {
        attempt.push_back({packet, now, true});
        const auto wrong = std::ranges::count_if(attempt, [](const Heard& heard) { return heard.wrong; });
        if (sequence.tolerated == knock::all_tolerated || wrong <= sequence.tolerated) return knock::What::wrong;
        attempt.clear();
        return knock::What::reset;
    }

    std::map<std::pair<IpAddress, knock::SequenceId>, Attempt> heard_;
};

}  // namespace postern::test
