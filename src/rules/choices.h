// What a policy chooses of the rules, in whichever language they are written: which services they forward, which marks
// let a connection in, and what the chains ask.
#pragma once

#include <vector>

#include "rules/ruleset.h"

namespace postern::rules {

// With a number in this ruleset; the others are left out, and nothing is let in for them.
[[nodiscard]] inline std::vector<const Service*> forwarded(const Policy& policy) {
    std::vector<const Service*> found;
    for (const Service& service : policy.services)
        if (!service.forward_to.empty() && service.mark != Mark::none) found.push_back(&service);
    return found;
}

// What a verdict lets a connection in with.
[[nodiscard]] inline std::vector<Mark> accepted_marks(const Policy& policy) {
    std::vector<Mark> marks{Mark::accepted};
    for (const Service* service : forwarded(policy)) marks.push_back(service->mark);
    return marks;
}

// What a connection bears that was let in, whatever for: its NEW packets pass again.
[[nodiscard]] inline std::vector<Mark> marks_let_in(const Policy& policy) {
    std::vector<Mark> marks = accepted_marks(policy);
    if (policy.gateway.observe) marks.push_back(Mark::observed);
    return marks;
}

// What tells the daemon that a packet is for the gateway itself.
[[nodiscard]] inline Mark local_mark(const Gateway& gateway) {
    return gateway.observe ? Mark::observe_local : Mark::local;
}

// The emergency set asks the kernel for no more than it must.
[[nodiscard]] inline bool passes_ipsec(const Policy& policy, const Inputs& inputs) {
    return policy.gateway.ipsec == Ipsec::pass && inputs.kind == Kind::guard;
}

}  // namespace postern::rules
