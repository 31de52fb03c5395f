#include "gate/decide.h"
#include "spa/slot.h"

namespace postern {
namespace {

constexpr std::size_t most_told_at_once = 4096;

// Tells each once. What does not fit waits for the next sweep: nothing is allocated under the lock.
void collect_unused(Tables::Shard& shard, Instant now, Tables& tables, std::vector<Grant>& unused) {
    shard.grants.for_each([&](Grant& grant) {
        if (grant.told || grant.expires > now.steady || unused.size() == unused.capacity()) return;
        grant.told = true;
        if (!grant.used && tables.client(grant.client).flows.left(grant.counter) > 0) unused.push_back(grant);
    });
}

}  // namespace

std::vector<Grant> sweep(Instant now, const Policy& policy, Tables& tables) {
    std::vector<Grant> unused;
    unused.reserve(most_told_at_once);
    tables.each_shard([&](Tables::Shard& shard) {
        collect_unused(shard, now, tables, unused);
        shard.grants.sweep(now.steady);
        shard.knocks.sweep(now.steady);
    });
    const std::int64_t oldest = spa::slot_of(now.wall - policy.gateway.skew);
    tables.tags().with([&](TagMemory& tags) { tags.sweep(oldest); });
    return unused;
}

}  // namespace postern
