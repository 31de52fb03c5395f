#include "posternd/maintenance.h"

#include "gate/decide.h"
#include "io/clock.h"
#include "log/ends.h"
#include "posternd/ending.h"
#include "posternd/lists.h"

namespace postern {
void Maintenance::tick() {
    const Instant now = io::now();
    end_unused_grants(now);
    const auto policy = engine_.current.get();
    end_flows_over(engine_, policy);
    if (engine_.ends_pending) (void)end_in_kernel(engine_, policy);
    flows_.tick(now);
    watch_queues(now);
    watch_state(now);
    watch_lists(now);
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

void Maintenance::watch_state(Instant now) {
    const std::string trouble = engine_.keeper->report().trouble;
    if (trouble.empty() != trouble_told_) return;
    trouble_told_ = !trouble.empty();
    engine_.tell(trouble_told_ ? log::engine_event(log::What::not_durable, trouble, now.wall)
                               : log::engine_event(log::What::durable, "the state is on disk", now.wall));
}

void Maintenance::watch_lists(Instant now) {
    std::set<ClientId> dry;
    for (const ListState& list : lists_of(engine_)) {
        if (!list.is_dry()) continue;
        dry.insert(list.lines.knock);
        if (!dry_told_.contains(list.lines.knock))
            engine_.tell(log::engine_event(log::What::list_dry, list.sentence(), now.wall));
    }
    dry_told_ = std::move(dry);
}

}  // namespace postern
