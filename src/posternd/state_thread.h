// The thread that writes what must outlive the process: what was accepted, and who was let in. Nobody waits for it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "posternd/keeper.h"
#include "posternd/sessions.h"

namespace postern {

class StateThread {
public:
    // Both outlive it. From here on it looks four times a second.
    StateThread(Keeper& keeper, Sessions& sessions);

    // Behind the workers' end: the last looks. An Error where the next start will refuse SPA for a while.
    [[nodiscard]] Result<void> end();

private:
    void run(const std::stop_token& stop);

    Keeper& keeper_;
    Sessions& sessions_;
    std::mutex mutex_;  // guards nothing: the wait wants one
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace postern
