#include "posternd/maintenance.h"

#include "gate/decide.h"
#include "io/clock.h"
#include "log/ends.h"
#include "posternd/ending.h"

namespace postern {
void Maintenance::tick() {
    const Instant now = io::now();
    end_unused_grants(now);
    const auto policy = engine_.current.get();
    end_flows_over(engine_, policy);
    if (engine_.ends_pending) (void)end_in_kernel(engine_, policy);
    flows_.tick(now);
    watch_queues(now);
}

std::optional<std::string> Maintenance::failure() const {
    for (const WorkerThread& each : engine_.workers)
        if (auto failure = each.worker->failure()) return failure;
    return std::nullopt;
}

void Maintenance::end_unused_grants(Instant now) {
    const auto policy = engine_.current.get();
    for (const Grant& grant : sweep(now, *policy, engine_.tables))
        engine_.tell(log::grant_event(log::What::expired, grant, policy, now.wall));
}

void Maintenance::watch_queues(Instant now) {
    std::uint64_t lost = 0;
    for (const WorkerThread& each : engine_.workers) lost += each.worker->queue().counters().lost;
    if (lost == lost_told_) return;
    engine_.tell(
        log::engine_event(log::What::overrun, "a queue's socket buffer was full", now.wall, lost - lost_told_));
    lost_told_ = lost;
}

}  // namespace postern
