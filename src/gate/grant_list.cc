#include "gate/grant_list.h"

namespace postern {

GrantList::GrantList(std::size_t capacity, const KeyedHash& hash) : nodes_(capacity), heads_{capacity, hash} {
    for (std::uint32_t i = 0; i < capacity; ++i) nodes_[i].next = i + 1 < capacity ? i + 1 : nowhere;
    free_ = capacity == 0 ? nowhere : 0;
}

bool GrantList::insert(const Grant& grant, SteadyTime now) {
    if (free_ == nowhere || count(grant.source) >= per_source)
        erase_if([&](const Grant& old) { return old.over(now); });
    if (free_ == nowhere || count(grant.source) >= per_source) return false;
    std::uint32_t* head = heads_.find(grant.source);
    if (!head) head = heads_.insert(grant.source, nowhere);
    append(*head, grant);
    return true;
}

std::size_t GrantList::count(const IpAddress& source) {
    std::size_t found = 0;
    of_source(source, [&](const Grant&) { ++found; });
    return found;
}

// Behind the others of its source, so that the oldest is found first.
void GrantList::append(std::uint32_t& head, const Grant& grant) {
    std::uint32_t* link = &head;
    while (*link != nowhere) link = &nodes_[*link].next;
    *link = free_;
    free_ = nodes_[*link].next;
    nodes_[*link] = Node{grant, nowhere};
    ++size_;
}

void GrantList::unlink(std::uint32_t& link) {
    const std::uint32_t gone = link;
    link = nodes_[gone].next;
    nodes_[gone] = Node{Grant{}, free_};
    free_ = gone;
    --size_;
}

}  // namespace postern
