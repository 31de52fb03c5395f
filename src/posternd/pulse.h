// Whether the workers get anywhere: the service manager's watchdog is told that we live only while all of them do.
#pragma once

#include <cstdint>
#include <vector>

#include "posternd/engine.h"

namespace postern {

class Pulse {
public:
    // True where every worker has begun or ended a turn since this last was true. An idle one does so about once a
    // second, so false now and then means nothing; false for many seconds is a worker that hangs. Thread: main.
    [[nodiscard]] bool beats(const std::vector<WorkerThread>& workers);

private:
    std::vector<std::uint64_t> turns_;  // of each worker, when it was true
};

}  // namespace postern
