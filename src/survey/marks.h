// Others who use packet and connection marks: rules of iptables and nft, and routing rules that look at marks.
//
// A packet that is let in bears our value in the bits of gateway.mark_mask, and so does its connection. Whoever
// compares a whole mark sees it, whoever writes a whole mark takes it away.
#pragma once

#include <string_view>

#include "base/result.h"
#include "rules/saved.h"
#include "survey/finding.h"

namespace postern::survey {

// `ip -json rule show`, and that of `ip -6`: `family` is "ip" or "ip -6".
[[nodiscard]] Result<void> find_mark_routes(const Policy& policy, std::string_view family, std::string_view json,
                                            Findings& findings);

// What `iptables-save` or `ip6tables-save` prints; `tool` is iptables or ip6tables.
void find_iptables_marks(const Policy& policy, std::string_view tool, const rules::Saved& saved, Findings& findings);

// What `nft -s list ruleset` prints; tables that iptables has made are left out.
void find_nft_marks(const Policy& policy, std::string_view listing, Findings& findings);

}  // namespace postern::survey
