// Which packets get a line of their own, and how the others are counted: exactly, in bounded memory, whatever comes.
//
// A packet that makes or uses a grant always has its line. Of all others the first per source, reason and client has
// one at once; further ones are counted, and flush() gives one line with their number. So that the log adds up,
//
//     verdict lines + counts of repeats lines = packets noted
//
// holds after a flush that its sink took whole: what a ring refuses is taken back, not forgotten.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bounded_table.h"
#include "base/siphash.h"
#include "base/time.h"
#include "gate/decision.h"
#include "log/event.h"

namespace postern::log {

// What an attacker cannot move: memory, and lines per second.
struct LedgerLimits {
    std::size_t rows = 1024;          // sources × reasons × clients; what does not fit is counted without a source
    std::uint32_t first_lines = 100;  // per second; further first packets are only counted
    Duration period = std::chrono::seconds{10};  // between two flushes
};

// One per worker. Threads: one. Pure: time is an argument.
class Ledger {
public:
    using PolicyPointer = std::shared_ptr<const Policy>;

    // `queue` is written into every event. The key is secret, so that nobody aims at one slot of the table.
    Ledger(std::uint16_t queue, const SipKey& key, LedgerLimits limits = {});

    // Every judged packet, once. Its verdict line, or nothing where it was counted.
    [[nodiscard]] std::optional<Event> note(const PacketView& packet, const Decision& decision, Instant now,
                                            const PolicyPointer& policy);

    // An event of note() that the ring refused: the packet is counted after all.
    void take_back(const Event& event);

    // Whether a period has passed since the last flush.
    [[nodiscard]] bool due(SteadyTime now) const noexcept { return now - flushed_ >= limits_.period; }

    // One repeats event per row with a count, then the overflow rows; forgets rows that were quiet since the last
    // flush. `sink`: bool(Event&&), false when it has no room; such a row keeps its count for the next flush.
    template <class Sink>
    void flush(Instant now, Sink&& sink) {
        flushed_ = now.steady;
        rows_.for_each([&](const Key& key, Row& row) {
            row.quiet = row.count == 0 && !row.fresh;
            row.fresh = false;
            if (row.count > 0 && sink(repeats(key, row, now.wall))) row.count = 0;
        });
        (void)rows_.erase_if([](const Key&, const Row& row) { return row.quiet; });
        for (Overflow& row : overflow_)
            if (row.count > 0 && sink(repeats(row, now.wall))) row.count = 0;
    }

private:
    struct Key {
        IpAddress source;
        Reason reason = Reason::malformed;
        ClientId client = ClientId::none;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        SipKey key;
        [[nodiscard]] std::uint64_t operator()(const Key& row) const noexcept;
    };
    struct Row {
        std::uint64_t count = 0;  // packets since the last line about them
        Verdict verdict = Verdict::drop;
        PolicyPointer policy;  // names the client, also after a reload without him
        bool fresh = true;     // its line was written since the last flush
        bool quiet = false;    // no packet between the last two flushes
    };
    struct Overflow {  // one per reason
        std::uint64_t count = 0;
        Decision decision;
    };

    void count(const Key& key, const Decision& decision, const PolicyPointer& policy);
    [[nodiscard]] bool may_speak(SteadyTime now) noexcept;
    [[nodiscard]] Event verdict(const PacketView& packet, const Decision& decision, WallTime now,
                                const PolicyPointer& policy) const;
    [[nodiscard]] Event repeats(const Key& key, const Row& row, WallTime now) const;
    [[nodiscard]] Event repeats(const Overflow& row, WallTime now) const;

    std::uint16_t queue_;
    LedgerLimits limits_;
    BoundedTable<Key, Row, KeyHash> rows_;
    std::array<Overflow, reason_count> overflow_{};
    SteadyTime flushed_{};
    SteadyTime second_{};      // when the second began in which first_ counts
    std::uint32_t first_ = 0;  // first lines in it
};

}  // namespace postern::log
