// Which messages behind a valid tag were read already, so that a copy of one costs no Diffie-Hellman.
//
// Refused ones lie in a small cache that may evict: losing one costs a Diffie-Hellman. Opened ones keep what was
// opened, because a copy may be judged differently: an attacker's, delivered first from elsewhere, is refused for its
// address and the genuine one still opens. They are at most 64 per client and slot, so no client displaces another's.
//
// What a message is worth can change with the policy, so an entry counts only under the policy it was made under.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bounded_table.h"
#include "base/ids.h"
#include "packet/flow.h"
#include "spa/postern.h"

namespace postern {

// A message that opened for a known client, as it was read.
struct ReadMessage {
    ClientId client = ClientId::none;
    std::shared_ptr<const spa::Opened> opened;
};

struct TagHash {
    SipKey key;
    [[nodiscard]] std::uint64_t operator()(const spa::Tag& tag) const noexcept { return siphash(key, tag); }
};

class TagMemory {
public:
    static constexpr std::size_t opened_capacity = 16384;
    static constexpr std::size_t refused_capacity = 16384;
    static constexpr std::uint8_t per_client_and_slot = 64;

    explicit TagMemory(const SipKey& key)
        : hash_{key}, refused_(refused_capacity), opened_{opened_capacity, hash_}, counts_{opened_capacity, {key}} {}

    [[nodiscard]] bool was_refused(const spa::Tag& tag, std::uint64_t policy) const noexcept;
    void refuse(const spa::Tag& tag, std::uint64_t policy) noexcept;

    [[nodiscard]] std::optional<ReadMessage> opened(const spa::Tag& tag, std::uint64_t policy) noexcept;
    void open(const spa::Tag& tag, std::int64_t slot, std::uint64_t policy, ReadMessage message);

    // Forgets opened messages of slots before `oldest_slot`: their tags match no longer.
    void sweep(std::int64_t oldest_slot);

private:
    struct Refused {
        spa::Tag tag{};
        std::uint64_t policy = 0;  // 0: empty
    };
    struct Opened {
        std::int64_t slot = 0;
        std::uint64_t policy = 0;
        ReadMessage message;
    };

    // Which client's which slot: the unit that the limit counts in.
    struct ClientSlot {
        ClientId client = ClientId::none;
        std::int64_t slot = 0;
        bool operator==(const ClientSlot&) const = default;
    };
    struct ClientSlotHash {
        SipKey key;
        [[nodiscard]] std::uint64_t operator()(const ClientSlot& place) const noexcept;
    };

    [[nodiscard]] std::size_t place(const spa::Tag& tag) const noexcept { return hash_(tag) % refused_capacity; }

    TagHash hash_;
    std::int64_t oldest_slot_ = 0;
    std::vector<Refused> refused_;
    BoundedTable<spa::Tag, Opened, TagHash> opened_;
    BoundedTable<ClientSlot, std::uint8_t, ClientSlotHash> counts_;
};

}  // namespace postern
