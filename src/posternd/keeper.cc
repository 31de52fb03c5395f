#include "posternd/keeper.h"

#include "gate/decide.h"
#include "io/clock.h"
#include "log/ends.h"
#include "posternd/ending.h"

namespace postern {
void Keeper::look_around() {
    const Instant now = io::now();
    end_unused_grants(now);
    const auto policy = house_.current.get();
    end_flows_over(house_, policy);
    if (house_.ends_pending) (void)end_in_kernel(house_, policy);
    flows_.look_around(now);
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
        house_.tell(log::grant_event(log::What::expired, grant, policy, now.wall));
}

void Keeper::watch_queues(Instant now) {
    std::uint64_t lost = 0;
    for (const Post& post : house_.posts) lost += post.worker->queue().counters().lost;
    if (lost == lost_told_) return;
    house_.tell(log::engine_event(log::What::overrun, "a queue's socket buffer was full", now.wall, lost - lost_told_));
    lost_told_ = lost;
}

}  // namespace postern
