// Freshness and replay of one client's messages, exact and in bounded memory: nothing is accepted twice, whatever order
// messages arrive in and however the wall clock is moved.
//
// A message is named by its time, written by the client's clock, and its handshake hash. Kept are a floor and at most
// 64 accepted messages; all that is not later than the floor counts as used. The floor rises only to the time of an
// accepted message that leaves, for room or for age; so nobody but the client himself can move it.
//
//     time:   ... used ...  floor ]   entry   entry      entry   | now - skew ... now + skew |
//
// Not durable, and not synchronised: put it behind the client's lock.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"
#include "base/verdict.h"
#include "noise/mac.h"

namespace postern::spa {

class ReplayWindow {
public:
    static constexpr std::size_t capacity = 64;

    // What is not later than `floor` may have been used before this window began.
    explicit ReplayWindow(WallTime floor) noexcept : floor_{floor} {}

    // Nothing where the message is fresh and new; otherwise spa_stale (|now - time| > skew), spa_old (time <= floor) or
    // spa_replayed. Changes nothing.
    [[nodiscard]] std::optional<Reason> check(WallTime time, const noise::Digest& hash, WallTime now,
                                              Duration skew) const noexcept;

    // Remembers a message that check() let pass under the same lock. Lets go of those that are older than the skew.
    void accept(WallTime time, const noise::Digest& hash, WallTime now, Duration skew) noexcept;

    [[nodiscard]] WallTime floor() const noexcept { return floor_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Entry {
        WallTime time;
        noise::Digest hash{};
    };

    void insert(const Entry& entry) noexcept;
    void raise_floor(WallTime floor) noexcept;

    WallTime floor_;
    std::size_t size_ = 0;
    std::array<Entry, capacity + 1> entries_;  // ascending in time; one more than stays, for the newcomer
};

}  // namespace postern::spa
