// Collects the verdicts of a batch of packets and writes them as netlink messages into one buffer, without allocating.
//
// Accepts go singly, as NF_REPEAT with a mark: the packet passes the queuing chain again, whose first rules settle it.
// Drops go together: one NFQNL_MSG_VERDICT_BATCH drops all packets up to an id. That is why drops can wait: the newest
// of them stay behind as ballast, because a kernel queue that never runs empty is about a tenth faster (its hash table
// does not resize with every batch). When it is quiet the ballast is dropped too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace postern::netfilter {

enum class Ballast : std::uint8_t { keep, release };

class Verdicts {
public:
    static constexpr std::size_t max_accepts = 64;  // in one send; the kernel wants fewer than about 115 messages
    static constexpr std::size_t ballast = 96;      // undecided drops that stay in the kernel's queue

    explicit Verdicts(std::uint16_t queue) noexcept : queue_{queue} {}

    [[nodiscard]] bool full() const noexcept { return accepts_ == max_accepts; }

    // Not when full(). `mark` replaces the whole packet mark.
    void accept(std::uint32_t id, std::uint32_t mark) noexcept;

    // In the order of the ids. Whatever is undecided before `id` will be dropped with it: that is the default of
    // everything.
    void drop(std::uint32_t id) noexcept;

    // The messages to send now, possibly none: accepts, then the batch of drops. Starts the next batch; the view lives
    // until the next call of anything.
    [[nodiscard]] Bytes take(Ballast ballast) noexcept;

private:
    static constexpr std::size_t message_size = 64;  // header 16, nfgenmsg 4, verdict 12, mark 8: more than enough

    void put(int type, std::uint32_t id, int verdict) noexcept;

    alignas(8) std::array<char, (max_accepts + 1) * message_size> buffer_;
    std::size_t used_ = 0;
    std::size_t accepts_ = 0;

    std::array<std::uint32_t, ballast> waiting_;  // a ring of the newest drops
    std::size_t newest_ = 0;
    std::size_t waiting_count_ = 0;
    std::uint32_t due_ = 0;  // everything up to this id is to be dropped by the next batch
    bool is_due_ = false;
    std::uint16_t queue_;
};

}  // namespace postern::netfilter
