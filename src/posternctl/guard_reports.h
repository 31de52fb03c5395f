// What the watch over the rules tells the daemon, so that `status` and the log can say whether anybody guards.
#pragma once

#include <deque>
#include <filesystem>
#include <optional>

#include "base/time.h"
#include "control/messages.h"

namespace postern::ctl {

// Reports wait here while the daemon is busy: the rules come first, and it is never waited for longer than 200 ms.
class GuardReports {
public:
    // Takes a report where it says something new, and otherwise now and then, so that the daemon knows that somebody
    // watches. Its text is cut to what a message may hold.
    void say(control::GuardReport report, SteadyTime now);

    // Hands over what waits, oldest first. Where nobody listens, nobody is to be told.
    void send(const std::filesystem::path& socket);

private:
    std::deque<control::GuardReport> waiting_;
    std::optional<control::GuardReport::State> said_;
    SteadyTime said_at_{};
};

}  // namespace postern::ctl
