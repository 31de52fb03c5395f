#include "spa/replay_window.h"

#include <algorithm>

namespace postern::spa {

std::optional<Reason> ReplayWindow::check(WallTime time, const noise::Digest& hash, WallTime now,
                                          Duration skew) const noexcept {
    if (time < earlier(now, skew) || time > later(now, skew)) return Reason::spa_stale;
    if (used_.contains(time)) return Reason::spa_old;
    const bool present = std::ranges::any_of(entries(), [&](const Entry& entry) { return entry.hash == hash; });
    if (present) return Reason::spa_replayed;
    return std::nullopt;
}

void ReplayWindow::accept(WallTime time, const noise::Digest& hash, WallTime now, Duration skew) noexcept {
    insert({time, hash});
    std::size_t leaving = size_ > capacity ? 1 : 0;
    while (leaving < size_ && entries_[leaving].time < earlier(now, skew)) ++leaving;
    let_go(leaving, skew);
}

void ReplayWindow::remember(const Entry& entry, Duration skew) noexcept {
    insert(entry);
    if (size_ > capacity) let_go(1, skew);
}

void ReplayWindow::insert(const Entry& entry) noexcept {
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
    const auto place = std::find_if(entries_.begin(), end, [&](const Entry& e) { return e.time > entry.time; });
    std::move_backward(place, end, end + 1);
    *place = entry;
    ++size_;
}

void ReplayWindow::let_go(std::size_t count, Duration skew) noexcept {
    for (std::size_t i = 0; i < count; ++i) use({entries_[i].time, entries_[i].time}, skew);
    const auto begin = entries_.begin();
    std::move(begin + static_cast<std::ptrdiff_t>(count), begin + static_cast<std::ptrdiff_t>(size_), begin);
    size_ -= count;
}

}  // namespace postern::spa
