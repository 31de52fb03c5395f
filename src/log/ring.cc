// Which memory order each side needs, and why: see the picture in the header.
#include "log/ring.h"

#include <bit>
#include <type_traits>
#include <utility>

namespace postern::log {

static_assert(std::is_nothrow_move_constructible_v<Event> && std::is_nothrow_move_assignable_v<Event>);

Ring::Ring(std::size_t capacity) : slots_(std::bit_ceil(capacity)) {}

bool Ring::push(Event&& event) noexcept {
    const std::uint64_t position = pushed_.load(std::memory_order_relaxed);
    // Acquire: the consumer has moved the slot's old event out before we write over it.
    if (position - popped_.load(std::memory_order_acquire) == slots_.size()) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    slot(position) = std::move(event);
    pushed_.store(position + 1, std::memory_order_release);
    return true;
}

std::optional<Event> Ring::pop() noexcept {
    const std::uint64_t position = popped_.load(std::memory_order_relaxed);
    if (position == pushed_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<Event> event{std::move(slot(position))};
    popped_.store(position + 1, std::memory_order_release);
    return event;
}

}  // namespace postern::log
