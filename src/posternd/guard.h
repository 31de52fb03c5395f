// What the daemon knows about the rules in front of its queues: only what `posternctl rules watch` tells it, for it
// loads none and may read none.
#pragma once

#include <optional>
#include <string>

#include "control/messages.h"
#include "log/event.h"

namespace postern {

// Thread: main.
class Guard {
public:
    // The line to log where something changed.
    [[nodiscard]] std::optional<log::Event> hear(const control::GuardReport& report, Instant now);

    // For `status`: how the rules stand, and since when; where nobody has told for a while, that nobody watches.
    [[nodiscard]] std::string sentence(Instant now) const;

    // What needs the operator's eye.
    [[nodiscard]] std::optional<std::string> warning(Instant now) const;

private:
    using State = control::GuardReport::State;

    [[nodiscard]] bool watched(Instant now) const;

    std::optional<State> state_;  // nothing: never told
    SteadyTime heard_;
    WallTime since_;
    std::string text_;
};

}  // namespace postern
