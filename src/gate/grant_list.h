// The grants of one shard, found by source. Takes its memory at birth.
//
// Grants stay a minute after they ended, so that a late SYN can be told why it is too late; they leave earlier when the
// room is needed. At most 64 for one source: that bounds what a packet costs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bounded_table.h"
#include "gate/grant.h"

namespace postern {

class GrantList {
public:
    static constexpr std::size_t per_source = 64;
    static constexpr Duration linger = std::chrono::minutes{1};

    GrantList(std::size_t capacity, const KeyedHash& hash);

    // False where the list, or the source's share of it, is full of grants that are not over.
    bool insert(const Grant& grant, SteadyTime now);

    // Visits the grants of a source, the oldest first: body(Grant&).
    template <class Body>
    void of_source(const IpAddress& source, Body&& body) {
        const std::uint32_t* head = heads_.find(source);
        for (std::uint32_t i = head ? *head : nowhere; i != nowhere; i = nodes_[i].next) body(nodes_[i].grant);
    }

    template <class Body>
    void for_each(Body&& body) {
        heads_.for_each([&](const IpAddress&, std::uint32_t head) {
            for (std::uint32_t i = head; i != nowhere; i = nodes_[i].next) body(nodes_[i].grant);
        });
    }

    // Takes out every grant for which doomed(const Grant&) holds.
    template <class Doomed>
    void erase_if(Doomed&& doomed) {
        heads_.erase_if([&](const IpAddress&, std::uint32_t& head) {
            for (std::uint32_t* link = &head; *link != nowhere;)
                doomed(std::as_const(nodes_[*link].grant)) ? unlink(*link) : (link = &nodes_[*link].next, void());
            return head == nowhere;
        });
    }

    // Forgets what ended more than the linger ago.
    void sweep(SteadyTime now) {
        erase_if([&](const Grant& grant) { return grant.expires + linger <= now; });
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::uint32_t nowhere = 0xffffffff;
    struct Node {
        Grant grant;
        std::uint32_t next = nowhere;
    };

    [[nodiscard]] std::size_t count(const IpAddress& source);
    void append(std::uint32_t& head, const Grant& grant);
    void unlink(std::uint32_t& link);

    std::vector<Node> nodes_;
    std::uint32_t free_ = nowhere;
    std::size_t size_ = 0;
    BoundedTable<IpAddress, std::uint32_t, KeyedHash> heads_;
};

}  // namespace postern
