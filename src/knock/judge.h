// What one packet is to all the sequences of a policy: the machine that every scheme shares.
#pragma once

#include <span>

#include "knock/one_time.h"
#include "knock/progress.h"
#include "knock/sequence.h"

namespace postern::knock {

// All sequences of a policy, found by name and by first step. Immutable once made; threads: any.
class Book {
public:
    static constexpr std::size_t most_knocks = 64;
    static constexpr std::size_t most_alike = Tracks::most;  // sequences with one first step; a list counts as one

    struct Entry {
        std::uint32_t place = 0;  // of the first step
        std::uint32_t sequence = 0;
        SequenceId id;
    };

    Book() = default;
    explicit Book(std::vector<Sequence> sequences);

    [[nodiscard]] const Sequence* find(SequenceId id) const noexcept;

    // The sequences whose first step lies where this packet goes, ascending in their ids.
    [[nodiscard]] std::span<const Entry> beginning_at(const PacketView& packet) const noexcept;

    // Whether any step of any sequence lies there.
    [[nodiscard]] bool has_step_at(std::uint32_t place) const noexcept;
    [[nodiscard]] const Sequence& operator[](std::size_t index) const noexcept { return sequences_[index]; }
    [[nodiscard]] const std::vector<Sequence>& sequences() const noexcept { return sequences_; }

private:
    std::vector<Sequence> sequences_;  // by id
    std::vector<Entry> entries_;       // by place, then by id
    std::vector<std::uint32_t> places_;
};

// Says which lines of one-time lists are listened to. Pure for the length of a call of judge().
class Listened {
public:
    // Of the list of a listed sequence.
    [[nodiscard]] virtual LineWindow window(SequenceId id) const noexcept = 0;

protected:
    ~Listened() = default;
};

// The weaker ones first: of all that a packet is to several sequences the strongest is told.
enum class What : std::uint8_t {
    nothing,   // concerns no sequence of this source
    wrong,     // one more wrong packet, tolerated
    reset,     // one too many: what was taken is void
    full,      // a first step, and no room to remember it
    late,      // the next step, behind the deadline: what was taken is void
    spent,     // the next step of a line that is used by now
    repeated,  // a step taken before
    step,      // the next step, or a first one
    complete,  // the last step
};

struct Outcome {
    What what = What::nothing;
    const Sequence* sequence = nullptr;  // whose; null for nothing. Lives as long as the book
    std::uint8_t stage = 0;              // steps taken by now, where one is concerned
};

// Moves the source's sequences on. A packet completes at most one. One that some sequence takes, even again or late, is
// wrong for none. Lines that are not listened to are not there. Allocates nothing.
[[nodiscard]] Outcome judge(const Book& book, const Listened& listened, Progress& progress, const PacketView& packet,
                            SteadyTime now) noexcept;

}  // namespace postern::knock
