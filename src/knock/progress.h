// How far every source has come, in fixed memory.
//
// A source may be in four sequences at once, which bounds what a packet costs. A full table refuses newcomers; it
// forgets nobody who came further than a first step, nor anybody within a second, and a sequence is normally over by
// then. To keep members out, who knows the first step has to fill the table with spoofed sources anew every second; who
// knows two steps, once in a deadline.
#pragma once

#include <array>

#include "base/bounded_table.h"
#include "knock/sequence.h"
#include "packet/flow.h"

namespace postern::knock {

struct Tracks {
    static constexpr std::size_t most = 4;
    std::array<Track, most> rows{};

    [[nodiscard]] bool idle() const noexcept;
    [[nodiscard]] Track* find(SequenceId sequence) noexcept;
    // A row to begin a sequence in; null where all are taken.
    [[nodiscard]] Track* spare() noexcept { return find({}); }
    // The row of the list's line that came least far, the oldest of several; null where none is of this list.
    [[nodiscard]] Track* least_of_list(SequenceId line) noexcept;
};

// Not synchronised: lies in a shard. Takes its memory at birth.
class Progress {
public:
    static constexpr Duration patience = std::chrono::seconds{1};  // with a first step, in a full table

    Progress(std::size_t sources, const KeyedHash& hash) : tracks_{sources, hash} {}

    // Null where the source is in no sequence. The pointer lives until the next call.
    [[nodiscard]] Tracks* find(const IpAddress& source) noexcept { return tracks_.find(source); }

    // Of a source that is in none; null where there is no room.
    [[nodiscard]] Tracks* enter(const IpAddress& source, SteadyTime now) noexcept;

    void forget(const IpAddress& source) noexcept { tracks_.erase(source); }
    void sweep(SteadyTime now) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return tracks_.size(); }

private:
    void make_room(SteadyTime now) noexcept;

    BoundedTable<IpAddress, Tracks, KeyedHash> tracks_;
    SteadyTime made_room_{};
};

}  // namespace postern::knock
