// Freshness and replay of one client's messages, exact and in bounded memory: nothing is accepted twice, whatever order
// messages arrive in and however the wall clock is moved.
//
// A message is named by its time, written by the client's clock, and its handshake hash. Kept are at most 64 accepted
// messages; the times of those that leave, for room or for age, count as used from then on. So nobody but the client
// himself can use up his times, and a clock that was far ahead for a while takes none of the time before it.
//
//     time:   ... used ... ] .... [ used ]   entry   entry      entry   | now - skew ... now + skew |
//
// Not synchronised: put it behind the client's lock. What makes it durable is the caller's business: it can be copied.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/time_spans.h"
#include "base/verdict.h"
#include "noise/mac.h"

namespace postern::spa {

class ReplayWindow {
public:
    static constexpr std::size_t capacity = 64;

    struct Entry {
        WallTime time;
        noise::Digest hash{};
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    // Messages of times in `used` may have been accepted before this window began.
    explicit ReplayWindow(const TimeSpans& used) noexcept : used_{used} {}

    // Nothing where the message is fresh and new; otherwise spa_stale (|now - time| > skew), spa_old (its time is used)
    // or spa_replayed. Changes nothing.
    [[nodiscard]] std::optional<Reason> check(WallTime time, const noise::Digest& hash, WallTime now,
                                              Duration skew) const noexcept;

    // Remembers a message that check() let pass under the same lock. Lets go of those that are older than the skew.
    void accept(WallTime time, const noise::Digest& hash, WallTime now, Duration skew) noexcept;

    // Puts an accepted message back that a window before this one remembered.
    void remember(const Entry& entry, Duration skew) noexcept;

    // Whatever lies in there may have been accepted, too.
    void use(TimeSpan span, Duration skew) noexcept { used_.add(span, 2 * skew); }

    [[nodiscard]] const TimeSpans& used() const noexcept { return used_; }
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return {entries_.data(), size_}; }

private:
    void insert(const Entry& entry) noexcept;
    void let_go(std::size_t count, Duration skew) noexcept;

    TimeSpans used_;
    std::size_t size_ = 0;
    std::array<Entry, capacity + 1> entries_;  // ascending in time; one more than stays, for the newcomer
};

}  // namespace postern::spa
