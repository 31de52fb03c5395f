#include "posternd/keeper.h"

#include <algorithm>

#include "gate/decide.h"
#include "gate/inventory.h"
#include "io/clock.h"
#include "posternd/ending.h"
#include "posternd/events.h"

namespace postern {
namespace {

constexpr Duration between_comparisons = std::chrono::seconds{5};
constexpr Duration settling_in = std::chrono::seconds{10};  // time for the kernel to confirm a flow's entry

}  // namespace

void Keeper::look_around() {
    const Instant now = io::now();
    end_unused_grants(now);
    if (now.steady - flows_compared_ >= between_comparisons) end_closed_flows(now);
    if (house_.ends_pending) (void)end_in_kernel(house_, house_.current.get());
    watch_queues(now);
}

std::optional<std::string> Keeper::failure() const {
    for (const Post& post : house_.posts)
        if (auto failure = post.worker->failure()) return failure;
    return std::nullopt;
}

void Keeper::end_unused_grants(Instant now) {
    const auto policy = house_.current.get();
    for (const Grant& grant : sweep(now, *policy, house_.tables))
        house_.tell(grant_event(log::What::expired, grant, policy, now.wall));
}

// A flow is over when the kernel knows no connection with our mark by its tuple any more.
void Keeper::end_closed_flows(Instant now) {
    flows_compared_ = now.steady;
    if (fill_of(house_.tables).flows == 0) return;
    const auto policy = house_.current.get();
    const MarkField field = policy->gateway.mark;
    auto alive = house_.conntrack.marked({field.bits(Mark::accepted), field.mask});
    house_.conntrack_trouble = alive ? std::string{} : alive.error().text;
    if (!alive) return;
    std::ranges::sort(*alive);
    const auto over = take_flows(house_.tables, [&](const NamedFlow& named) {
        return now.steady - named.flow.opened >= settling_in &&
               !std::ranges::binary_search(*alive, connection_of(named.key));
    });
    for (const NamedFlow& named : over) house_.tell(flow_event(log::What::closed, named, policy, now.wall));
}

void Keeper::watch_queues(Instant now) {
    std::uint64_t lost = 0;
    for (const Post& post : house_.posts) lost += post.worker->queue().counters().lost;
    if (lost == lost_told_) return;
    house_.tell(log::engine_event(log::What::overrun, "a queue's socket buffer was full", now.wall, lost - lost_told_));
    lost_told_ = lost;
}

}  // namespace postern
