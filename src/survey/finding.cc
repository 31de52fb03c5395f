#include "survey/finding.h"

#include <algorithm>

namespace postern::survey {

bool guards_interface(const Policy& policy, std::string_view name) {
    return std::ranges::any_of(policy.gateway.interfaces, [&](std::string_view pattern) {
        if (!pattern.ends_with('*')) return pattern == name;
        return name.starts_with(pattern.substr(0, pattern.size() - 1));
    });
}

}  // namespace postern::survey
