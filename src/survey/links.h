// The interfaces of this host beside those that the policy guards: which are part of another, which are tunnels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "survey/finding.h"

namespace postern::survey {

struct Link {
    unsigned index = 0;  // the kernel's number
    std::string name;
    std::string kind;    // "bridge", "vrf", "gre", ...; empty for hardware
    std::string master;  // the interface that this one is a part of; empty: none
    bool up = false;
    std::vector<IpAddress> addresses;
};

using Links = std::vector<Link>;

// The output of `ip -json -details address show`.
[[nodiscard]] Result<Links> parse_links(std::string_view json);

// Null where no interface has the name or the number.
[[nodiscard]] const Link* find(const Links& links, std::string_view name);
[[nodiscard]] const Link* find(const Links& links, unsigned index);

// Guarded interfaces whose packets come in under another name.
void find_enslaved(const Policy& policy, const Links& links, Findings& findings);

// Tunnels that are up: the protocols that carry them are no service.
void find_tunnels(const Policy& policy, const Links& links, Findings& findings);

}  // namespace postern::survey
