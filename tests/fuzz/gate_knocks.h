// What a packet is to the knock sequences of a policy, thought over from the start at every packet: the naive twin of
// knock/judge.h. It keeps everything that it heard.
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

    Answer judge(const std::vector<knock::Sequence>& sequences, const PacketView& packet, SteadyTime now) {
        forget_others(sequences, packet.source);
        std::map<knock::What, std::set<knock::SequenceId>> said;
        std::vector<const knock::Sequence*> charged;
        for (const knock::Sequence& sequence : sequences) {
            const knock::What what = one(sequence, packet, now);
            said[what].insert(sequence.id);
            if (what == knock::What::nothing && !heard_[{packet.source, sequence.id}].empty())
                charged.push_back(&sequence);
        }
        if (said.rbegin()->first != knock::What::nothing) return *said.rbegin();
        for (const knock::Sequence* sequence : charged) said[charge(*sequence, packet.source)].insert(sequence->id);
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

    knock::What one(const knock::Sequence& sequence, const PacketView& packet, SteadyTime now) {
        Attempt& attempt = heard_[{packet.source, sequence.id}];
        bool late = false;
        if (!attempt.empty() && now >= attempt.front().at + sequence.deadline) {
            late = sequence.steps[taken(sequence, attempt)].taken_by(packet);
            attempt.clear();
        }
        if (attempt.empty() && !sequence.steps[0].taken_by(packet))
            return late ? knock::What::late : knock::What::nothing;
        const std::size_t before = taken(sequence, attempt);
        attempt.push_back({packet, now});
        const std::size_t after = taken(sequence, attempt);
        if (after == sequence.steps.size()) return attempt.clear(), knock::What::complete;
        if (after > before) return knock::What::step;
        const auto again = [&](std::size_t i) { return sequence.steps[i].taken_by(packet); };
        for (std::size_t i = 0; i < before; ++i)
            if (again(i)) return knock::What::repeated;
        return knock::What::nothing;
    }

    knock::What charge(const knock::Sequence& sequence, const IpAddress& source) {
        Attempt& attempt = heard_[{source, sequence.id}];
        attempt.back().wrong = true;
        const auto wrong = std::ranges::count_if(attempt, [](const Heard& heard) { return heard.wrong; });
        if (sequence.tolerated == knock::all_tolerated || wrong <= sequence.tolerated) return knock::What::wrong;
        attempt.clear();
        return knock::What::reset;
    }

    std::map<std::pair<IpAddress, knock::SequenceId>, Attempt> heard_;
};

}  // namespace postern::test
