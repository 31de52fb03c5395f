// Programs that make rules of their own beside ours, and what they publish.
#pragma once

#include <string_view>

#include "rules/saved.h"
#include "survey/finding.h"

namespace postern::survey {

// firewalld, ufw and Docker, known by their tables and chains.
void find_programs(const rules::Saved& saved, std::string_view nft_listing, Findings& findings);

// Ports of this host that a rule of table nat sends elsewhere, as Docker's published ones, and no service names. They
// are matched as they were sent, so they are services without `to`.
void find_published(const Policy& policy, const rules::Saved& saved, Findings& findings);

}  // namespace postern::survey
