// What this host's network would lose by being guarded, and how the policy names it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gate/policy.h"

namespace postern::survey {

// One thing to mind.
struct Finding {
    std::string_view kind;  // stable, for machines; posternctl-rules(8) lists them
    std::string text;       // what there is, and why it matters
    std::string advice;     // what to write or to do
};

using Findings = std::vector<Finding>;

// One line for a person.
[[nodiscard]] inline std::string to_text(const Finding& finding) { return finding.text + "; " + finding.advice; }

}  // namespace postern::survey
