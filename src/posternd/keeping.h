// The thread that writes what must outlive the process: what was accepted, and who was let in. Nobody waits for it.
#pragma once

#include <thread>

#include "io/poll.h"
#include "posternd/keeper.h"
#include "posternd/sessions.h"

namespace postern {

class Keeping {
public:
    // All outlive it. From here on it looks four times a second, and whenever the waker is woken.
    Keeping(Keeper& keeper, Sessions& sessions, const io::Waker& waker);

    // Behind the workers' end: the last looks. An Error where the next start will refuse SPA for a while.
    [[nodiscard]] Result<void> end();

private:
    void keep(const std::stop_token& stop);

    Keeper& keeper_;
    Sessions& sessions_;
    const io::Waker& waker_;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace postern
