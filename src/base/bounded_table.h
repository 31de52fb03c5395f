// A hash table that takes all its memory at birth and never more: what a flood can do to it is fill it.
//
// Open addressing, linear probing, backward-shift deletion, at most half full. A full table refuses the newcomer; it
// never forgets somebody to make room. Not synchronised: put it behind Guarded.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace postern {

// Hash: a copyable callable, std::uint64_t(const Key&), keyed with a secret where strangers choose the keys.
template <class Key, class Value, class Hash>
class BoundedTable {
public:
    BoundedTable(std::size_t capacity, Hash hash)
        : slots_(std::bit_ceil(capacity * 2)), capacity_{capacity}, hash_{std::move(hash)} {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // Null where the key is not in. The pointer lives until the next insert or erase.
    [[nodiscard]] Value* find(const Key& key) noexcept {
        for (std::size_t i = home(key); slots_[i]; i = next(i))
            if (slots_[i]->first == key) return &slots_[i]->second;
        return nullptr;
    }

    // The new or replaced value; null when the key is new and the table is full.
    Value* insert(const Key& key, Value value) {
        std::size_t i = home(key);
        for (; slots_[i]; i = next(i)) {
            if (slots_[i]->first != key) continue;
            slots_[i]->second = std::move(value);
            return &slots_[i]->second;
        }
        if (size_ == capacity_) return nullptr;
        slots_[i].emplace(key, std::move(value));
        ++size_;
        return &slots_[i]->second;
    }

    bool erase(const Key& key) {
        for (std::size_t i = home(key); slots_[i]; i = next(i)) {
            if (slots_[i]->first != key) continue;
            close_gap(i);
            return true;
        }
        return false;
    }

    // Visits every entry in no particular order: body(const Key&, Value&).
    template <class Body>
    void for_each(Body&& body) {
        if (size_ == 0) return;
        for (auto& slot : slots_)
            if (slot) body(std::as_const(slot->first), slot->second);
    }

    // Erases every entry for which doomed(const Key&, Value&) holds; returns how many. `doomed` may be asked twice
    // about an entry that moved.
    template <class Doomed>
    std::size_t erase_if(Doomed&& doomed) {
        const std::size_t before = size_;
        for (std::size_t i = 0; size_ > 0 && i < slots_.size(); ++i)
            while (slots_[i] && doomed(std::as_const(slots_[i]->first), slots_[i]->second)) close_gap(i);
        return before - size_;
    }

private:
    [[nodiscard]] std::size_t home(const Key& key) const noexcept { return hash_(key) & (slots_.size() - 1); }
    [[nodiscard]] std::size_t next(std::size_t i) const noexcept { return (i + 1) & (slots_.size() - 1); }

    // Empties slot `gap` and moves back whoever probed past it (Knuth 6.4, algorithm R).
    void close_gap(std::size_t gap) {
        for (std::size_t i = next(gap); slots_[i]; i = next(i)) {
            const std::size_t wanted = home(slots_[i]->first);
            const bool stays = gap < i ? (gap < wanted && wanted <= i) : (gap < wanted || wanted <= i);
            if (stays) continue;
            slots_[gap].emplace(std::move(*slots_[i]));
            gap = i;
        }
        slots_[gap].reset();
        --size_;
    }

    std::vector<std::optional<std::pair<Key, Value>>> slots_;
    std::size_t capacity_;
    std::size_t size_ = 0;
    Hash hash_;
};

}  // namespace postern
