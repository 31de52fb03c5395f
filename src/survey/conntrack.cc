#include "survey/conntrack.h"

namespace postern::survey {

void find_conntrack(std::string_view events, Findings& findings) {
    if (!events.starts_with('0')) return;
    findings.push_back({"events_off",
                        "connection tracking tells nobody when a flow ends (net.netfilter.nf_conntrack_events is 0): "
                        "flows are found to be over some seconds late",
                        "sysctl net.netfilter.nf_conntrack_events=1"});
}

}  // namespace postern::survey
