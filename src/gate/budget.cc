#include "gate/budget.h"

#include <algorithm>

namespace postern {

bool Bucket::take(SteadyTime now) noexcept {
    const double passed = std::chrono::duration<double>(now - filled_).count();
    if (passed > 0) {
        level_ = std::min(rate_, level_ + passed * rate_);
        filled_ = now;
    }
    if (level_ < 1) return false;
    level_ -= 1;
    return true;
}

bool Budget::take(const IpAddress& source, SteadyTime now) {
    const SteadyTime* proved = known_.find(line(source));
    if (proved && now - *proved < memory && known_only_.take(now)) return true;
    return everybody_.take(now);
}

void Budget::vouch(const IpAddress& source, SteadyTime now) {
    if (known_.insert(line(source), now)) return;
    if (now - swept_ < std::chrono::seconds{1}) return;
    swept_ = now;
    known_.erase_if([&](const IpAddress&, SteadyTime proved) { return now - proved >= memory; });
    known_.insert(line(source), now);
}

}  // namespace postern
