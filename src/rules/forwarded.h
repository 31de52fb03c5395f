// Which services of a policy the rules forward, and which marks let a connection in.
#pragma once

#include <vector>

#include "gate/policy.h"

namespace postern::rules {

// With a number in this ruleset; the others are left out, and nothing is let in for them.
[[nodiscard]] inline std::vector<const Service*> forwarded(const Policy& policy) {
    std::vector<const Service*> found;
    for (const Service& service : policy.services)
        if (!service.forward_to.empty() && service.mark != Mark::none) found.push_back(&service);
    return found;
}

[[nodiscard]] inline std::vector<Mark> accepted_marks(const Policy& policy) {
    std::vector<Mark> marks{Mark::accepted};
    for (const Service* service : forwarded(policy)) marks.push_back(service->mark);
    return marks;
}

}  // namespace postern::rules
