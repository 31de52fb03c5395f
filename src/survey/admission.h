// Whether a new connection from somewhere would be let in by the rules and the daemon of a policy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "survey/finding.h"

namespace postern::survey {

// A TCP connection to one of the gateway's own addresses.
struct Caller {
    IpAddress address;
    std::uint16_t port = 22;  // the destination's
    std::string interface;    // where it comes in
};

struct Admission {
    bool admitted = false;
    std::string_view by;  // stable: not_guarded, break_glass, open, unmatched, needs_grant, no_service
    std::string text;     // one line
};

[[nodiscard]] Admission admission(const Policy& policy, const Caller& caller);

}  // namespace postern::survey
