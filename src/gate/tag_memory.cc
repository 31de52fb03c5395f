#include "gate/tag_memory.h"

#include <algorithm>

namespace postern {

std::uint64_t TagMemory::ClientSlotHash::operator()(const ClientSlot& place) const noexcept {
    std::array<std::uint8_t, 10> bytes{};
    std::ranges::copy(big_endian(static_cast<std::uint64_t>(place.slot)), bytes.begin());
    std::ranges::copy(big_endian(static_cast<std::uint16_t>(place.client)), bytes.begin() + 8);
    return siphash(key, bytes);
}

bool TagMemory::was_refused(const spa::Tag& tag, std::uint64_t policy) const noexcept {
    const Refused& entry = refused_[place(tag)];
    return entry.policy == policy && entry.tag == tag;
}

void TagMemory::refuse(const spa::Tag& tag, std::uint64_t policy) noexcept { refused_[place(tag)] = {tag, policy}; }

std::optional<ReadMessage> TagMemory::opened(const spa::Tag& tag, std::uint64_t policy) noexcept {
    const Opened* entry = opened_.find(tag);
    if (!entry || entry->policy != policy) return std::nullopt;
    return entry->message;
}

void TagMemory::open(const spa::Tag& tag, std::int64_t slot, std::uint64_t policy, ReadMessage message) {
    const ClientSlot owner{message.client, slot};
    std::uint8_t* count = counts_.find(owner);
    if (!count) count = counts_.insert(owner, 0);
    if (!count || *count >= per_client_and_slot) return;
    const bool fresh = opened_.find(tag) == nullptr;
    if (opened_.insert(tag, {slot, policy, std::move(message)}) && fresh) ++*count;
}

void TagMemory::sweep(std::int64_t oldest_slot) {
    if (oldest_slot == oldest_slot_) return;
    oldest_slot_ = oldest_slot;
    opened_.erase_if([&](const spa::Tag&, const Opened& entry) { return entry.slot < oldest_slot; });
    counts_.erase_if([&](const ClientSlot& owner, std::uint8_t) { return owner.slot < oldest_slot; });
}

}  // namespace postern
