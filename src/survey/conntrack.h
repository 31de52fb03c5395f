// What this host's connection tracking is set to.
#pragma once

#include <string_view>

#include "survey/finding.h"

namespace postern::survey {

// The text of /proc/sys/net/netfilter/nf_conntrack_events; empty where nothing has tracked yet.
void find_conntrack(std::string_view events, Findings& findings);

}  // namespace postern::survey
