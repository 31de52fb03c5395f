// The way from a worker to the log's writer: a bounded ring of events that never makes the worker wait.
//
//     worker --push--> [ . . e e e . . ] --pop--> writer        full: the event is refused and counted
//
// Positions only grow; a slot is position mod capacity. Each side owns one position and reads the other's: the release
// store of a position hands over everything written to the slots before it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "log/event.h"

namespace postern::log {

// Threads: one that pushes, one that pops, any that ask for counts. All memory is taken at birth.
class Ring {
public:
    // The capacity is rounded up to a power of two.
    explicit Ring(std::size_t capacity);

    // Producer. False when the ring is full: the event is untouched then, and lost() grows by one.
    [[nodiscard]] bool push(Event&& event) noexcept;

    // Consumer. The oldest event, or nothing.
    [[nodiscard]] std::optional<Event> pop() noexcept;

    [[nodiscard]] std::size_t capacity() const noexcept { return slots_.size(); }

    // How many events were refused since birth. What the ledger took back is counted in its lines all the same.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] Event& slot(std::uint64_t position) noexcept { return slots_[position & (slots_.size() - 1)]; }

    static constexpr std::size_t cache_line = 64;  // the two sides do not share one

    std::vector<Event> slots_;
    alignas(cache_line) std::atomic<std::uint64_t> pushed_{0};  // written by the producer
    std::atomic<std::uint64_t> lost_{0};                        // written by the producer
    alignas(cache_line) std::atomic<std::uint64_t> popped_{0};  // written by the consumer
};

}  // namespace postern::log
