// IPsec as the kernel knows it.
#pragma once

#include <string_view>

#include "survey/finding.h"

namespace postern::survey {

// `ip xfrm state` and `ip xfrm policy`: one finding for ESP, one for AH, where they are in use and not open. ESP inside
// of UDP comes to a port that somebody listens on.
void find_ipsec(const Policy& policy, std::string_view states, std::string_view policies, Findings& findings);

}  // namespace postern::survey
