#include "posternd/pulse.h"

namespace postern {

bool Pulse::beats(const std::vector<WorkerThread>& workers) {
    std::vector<std::uint64_t> turns;
    for (const WorkerThread& each : workers) turns.push_back(each.worker->turns());
    for (std::size_t i = 0; i < turns_.size(); ++i)
        if (turns[i] == turns_[i]) return false;
    turns_ = std::move(turns);
    return true;
}

}  // namespace postern
