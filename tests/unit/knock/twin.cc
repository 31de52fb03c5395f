// The machine beside a naive twin that keeps everything it ever heard of an attempt, and thinks it over from the start
// at every packet.
#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "catch.h"
#include "unit/knock/sample.h"

using namespace postern;
using namespace postern::knock;
using namespace postern::test;

namespace {

struct Heard {
    SteadyTime at;
    std::string step;
    bool wrong_here = false;
};
using Attempt = std::vector<Heard>;

// How many steps of the sequence an attempt has taken.
std::size_t taken(const Sequence& sequence, const Attempt& attempt) {
    std::size_t next = 0;
    for (const Heard& heard : attempt)
        if (next < sequence.steps.size() && to_text(sequence.steps[next]) == heard.step) ++next;
    return next;
}

class Twin {
public:
    explicit Twin(std::vector<Sequence> sequences) : sequences_{std::move(sequences)} {}

    std::pair<What, std::set<SequenceId>> judge(const std::string& step, std::uint8_t source, SteadyTime now) {
        std::map<What, std::set<SequenceId>> said;
        std::set<SequenceId> charged;
        for (const Sequence& sequence : sequences_) said[one(sequence, step, source, now, charged)].insert(sequence.id);
        if (said.rbegin()->first == What::nothing && !charged.empty()) return charge(source, charged);
        return *said.rbegin();
    }

private:
    What one(const Sequence& sequence, const std::string& step, std::uint8_t source, SteadyTime now,
             std::set<SequenceId>& charged) {
        Attempt& attempt = attempts_[{source, sequence.id}];
        bool late = false;
        if (!attempt.empty() && now >= attempt.front().at + sequence.deadline) {
            late = to_text(sequence.steps[taken(sequence, attempt)]) == step;
            attempt.clear();
        }
        if (attempt.empty() && to_text(sequence.steps[0]) != step) return late ? What::late : What::nothing;
        const std::size_t before = taken(sequence, attempt);
        attempt.push_back({now, step});
        const std::size_t after = taken(sequence, attempt);
        if (after == sequence.steps.size()) return attempt.clear(), What::complete;
        if (after > before) return What::step;
        for (std::size_t i = 0; i < before; ++i)
            if (to_text(sequence.steps[i]) == step) return What::repeated;
        charged.insert(sequence.id);
        return What::nothing;
    }

    std::pair<What, std::set<SequenceId>> charge(std::uint8_t source, const std::set<SequenceId>& charged) {
        std::map<What, std::set<SequenceId>> said;
        for (const Sequence& sequence : sequences_) {
            if (!charged.contains(sequence.id)) continue;
            Attempt& attempt = attempts_[{source, sequence.id}];
            attempt.back().wrong_here = true;
            const auto wrong = std::count_if(attempt.begin(), attempt.end(), [](auto& h) { return h.wrong_here; });
            const bool void_now = sequence.tolerated != all_tolerated && wrong > sequence.tolerated;
            if (void_now) attempt.clear();
            said[void_now ? What::reset : What::wrong].insert(sequence.id);
        }
        return *said.rbegin();
    }

    std::vector<Sequence> sequences_;
    std::map<std::pair<std::uint8_t, SequenceId>, Attempt> attempts_;
};

std::vector<Sequence> some_sequences(std::mt19937& random) {
    std::vector<Sequence> sequences{sequence({"tcp/1", "udp/2", "tcp/3"}, 1), sequence({"udp/2", "tcp/4"}, 2),
                                    sequence({"tcp/5", "tcp/1"}, 1, Part::closing),
                                    sequence({"tcp/1", "icmp/echo-request", "tcp/6", "udp/7"}, 3)};
    constexpr std::array<std::uint8_t, 4> strictness{0, 1, 3, all_tolerated};
    for (Sequence& one : sequences) one.tolerated = strictness[random() % strictness.size()];
    return sequences;
}

}  // namespace

TEST_CASE("a random crowd is judged as the naive twin judges it", "[knock]") {
    const std::vector<std::string> alphabet{"tcp/1", "udp/2", "tcp/3", "tcp/4", "tcp/5",    "icmp/echo-request",
                                            "tcp/6", "udp/7", "tcp/8", "udp/1", "tcp/1/ack"};
    std::map<What, int> seen;
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random{seed};
        const auto sequences = some_sequences(random);
        Door door{sequences};
        Twin twin{sequences};
        for (int i = 0; i < 2000; ++i) {
            const std::string& step = alphabet[random() % (random() % 4 == 0 ? alphabet.size() : 8)];
            const auto source = static_cast<std::uint8_t>(random() % 3);
            INFO("seed " << seed << ", packet " << i << ", " << step << " from " << int{source});
            const auto [what, whose] = twin.judge(step, source, door.now());
            const Outcome outcome = door.judge(hit(step, source));
            REQUIRE(static_cast<int>(outcome.what) == static_cast<int>(what));
            if (what != What::nothing) REQUIRE(whose.contains(outcome.sequence->id));
            ++seen[what];
            door.pass(random() % 10 == 0 ? Duration{4s} : Duration{50ms});
        }
    }
    for (const What what :
         {What::nothing, What::wrong, What::reset, What::late, What::repeated, What::step, What::complete})
        CHECK(seen[what] > 100);
}
