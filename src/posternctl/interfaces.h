// The interfaces of a policy beside those of this host.
#pragma once

#include <string>
#include <vector>

#include "gate/policy.h"

namespace postern::ctl {

// One line for each name that no interface of this host has: it may come later, and it may be misspelt. Names with a
// star are left out, they stand for what comes and goes.
[[nodiscard]] std::vector<std::string> interface_warnings(const Policy& policy);

}  // namespace postern::ctl
