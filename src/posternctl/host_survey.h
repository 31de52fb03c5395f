// Looks at this host's network for what the policy would hurt. src/survey judges; this reads.
#pragma once

#include <string>

#include "survey/finding.h"

namespace postern::ctl {

// `iptables` is the kind of tool whose rules are read. What cannot be read is a finding of its own, "unread".
[[nodiscard]] survey::Findings survey_host(const Policy& policy, const std::string& iptables);

}  // namespace postern::ctl
