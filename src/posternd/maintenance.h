// What the daemon looks after every second, beside the packets: ends of grants and of flows, and its own workers.
#pragma once

#include <set>

#include "posternd/engine.h"
#include "posternd/flow_watch.h"

namespace postern {

class Maintenance {
public:
    explicit Maintenance(Engine& engine) : engine_{engine} {}

    // Call about once a second. Thread: main.
    void tick();

    // Its descriptor is readable while it has something to take.
    [[nodiscard]] FlowWatch& flows() noexcept { return flows_; }

    // The first worker's failure, if one failed: the daemon then ends, and the rules keep the gate closed.
    [[nodiscard]] std::optional<std::string> failure() const;

private:
    void end_unused_grants(Instant now);
    void watch_queues(Instant now);
    void watch_state(Instant now);
    void watch_lists(Instant now);

    Engine& engine_;
    FlowWatch flows_{engine_};
    std::uint64_t lost_told_ = 0;
    bool trouble_told_ = false;    // of the state on disk
    std::set<ClientId> dry_told_;  // knocks whose lists have run dry
};

}  // namespace postern
