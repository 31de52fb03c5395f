#include "knock/progress.h"

#include <algorithm>
#include <tuple>

namespace postern::knock {
namespace {

// A flood that finds the table full does not make every packet walk it.
constexpr Duration between_walks = std::chrono::milliseconds{100};

bool over(const Track& track, SteadyTime now) noexcept { return track.idle() || track.expires <= now; }

bool hardly_begun(const Track& track, SteadyTime now) noexcept {
    return over(track, now) || (track.next <= 1 && track.began + Progress::patience <= now);
}

}  // namespace

bool Tracks::idle() const noexcept {
    return std::ranges::all_of(rows, [](const Track& track) { return track.idle(); });
}

Track* Tracks::find(SequenceId sequence) noexcept {
    const auto found = std::ranges::find(rows, sequence, &Track::sequence);
    return found == rows.end() ? nullptr : &*found;
}

Track* Tracks::least_of_list(SequenceId line) noexcept {
    const auto far = [](const Track& track) { return std::tuple{track.next, track.began, track.sequence.line}; };
    Track* least = nullptr;
    for (Track& track : rows)
        if (track.sequence.same_but_line(line) && (!least || far(track) < far(*least))) least = &track;
    return least;
}

Tracks* Progress::enter(const IpAddress& source, SteadyTime now) noexcept {
    if (tracks_.size() == tracks_.capacity()) make_room(now);
    return tracks_.insert(source, {});
}

void Progress::sweep(SteadyTime now) noexcept {
    (void)tracks_.erase_if([&](const IpAddress&, const Tracks& tracks) {
        return std::ranges::all_of(tracks.rows, [&](const Track& track) { return over(track, now); });
    });
}

void Progress::make_room(SteadyTime now) noexcept {
    if (now - made_room_ < between_walks) return;
    made_room_ = now;
    (void)tracks_.erase_if([&](const IpAddress&, const Tracks& tracks) {
        return std::ranges::all_of(tracks.rows, [&](const Track& track) { return hardly_begun(track, now); });
    });
}

}  // namespace postern::knock
