// Which flows are over: conntrack says when a connection ends, and is compared with where it does not.
//
//     a destroy event ──► the flow by that tuple is over, unless the kernel has a connection by it again
//     an overrun, a start, a minute, or 5 s where events are off ──► all flows against a dump of the kernel's table
//
// A flow whose first packet was let in within the last second is looked at again a second later: the kernel may not
// have confirmed its connection yet, and the event may be about the one before on the same tuple. Thread: main.
#pragma once

#include <vector>

#include "base/time.h"
#include "packet/flow.h"
#include "posternd/engine.h"

namespace postern {

class FlowWatch {
public:
    explicit FlowWatch(Engine& engine);

    // Readable while take_events() has something to take; negative where there are no events.
    [[nodiscard]] int descriptor() const noexcept;
    void take_events();

    // Call about once a second.
    void tick(Instant now);

private:
    void look_at_suspects(Instant now);
    void compare(Instant now);

    Engine& engine_;
    std::vector<FlowKey> suspects_;  // a connection by that tuple ended; the flow is still to be looked at
    SteadyTime compared_{};
    SteadyTime unsure_until_;  // events were lost, or nobody listened: until then a dump may be too early for the
                               // youngest flows
    bool compare_soon_ = true;
};

}  // namespace postern
