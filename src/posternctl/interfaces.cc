#include "posternctl/interfaces.h"

#include <fmt/format.h>
#include <net/if.h>

namespace postern::ctl {

std::vector<std::string> interface_warnings(const Policy& policy) {
    std::vector<std::string> warnings;
    for (const std::string& name : policy.gateway.interfaces)
        if (!name.ends_with('*') && ::if_nametoindex(name.c_str()) == 0)
            warnings.push_back(
                fmt::format("this host has no interface {}: nothing is guarded there; "
                            "`ip link` shows the names, gateway.interfaces has them",
                            name));
    return warnings;
}

}  // namespace postern::ctl
