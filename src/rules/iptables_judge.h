// The chain JUDGE in the language of iptables and ip6tables: the static answers (ruleset.h).
#pragma once

#include "rules/iptables_writer.h"
#include "rules/ruleset.h"

namespace postern::rules::iptables {

void write_judge(Writer& write, const Policy& policy, const Inputs& inputs);

}  // namespace postern::rules::iptables
