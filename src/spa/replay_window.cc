#include "spa/replay_window.h"

#include <algorithm>

namespace postern::spa {

std::optional<Reason> ReplayWindow::check(WallTime time, const noise::Digest& hash, WallTime now,
                                          Duration skew) const noexcept {
    if (time < now - skew || time > now + skew) return Reason::spa_stale;
    if (time <= floor_) return Reason::spa_old;
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
    const bool present = std::any_of(entries_.begin(), end, [&](const Entry& e) { return e.hash == hash; });
    if (present) return Reason::spa_replayed;
    return std::nullopt;
}

void ReplayWindow::accept(WallTime time, const noise::Digest& hash, WallTime now, Duration skew) noexcept {
    insert({time, hash});
    std::size_t leaving = size_ > capacity ? 1 : 0;
    while (leaving < size_ && entries_[leaving].time < now - skew) ++leaving;
    if (leaving > 0) raise_floor(entries_[leaving - 1].time);
}

void ReplayWindow::insert(const Entry& entry) noexcept {
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto place = std::find_if(entries_.begin(), end, [&](const Entry& e) { return e.time > entry.time; });
    std::move_backward(place, end, end + 1);
    *place = entry;
    ++size_;
}

// Whoever is not later than the new floor leaves with it: the floor refuses them from now on.
void ReplayWindow::raise_floor(WallTime floor) noexcept {
    floor_ = std::max(floor_, floor);
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto stays = std::find_if(entries_.begin(), end, [&](const Entry& e) { return e.time > floor_; });
    size_ = static_cast<std::size_t>(std::move(stays, end, entries_.begin()) - entries_.begin());
}

}  // namespace postern::spa
