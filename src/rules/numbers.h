// Which number, and so which mark, each forward_to has, and which of them the rules in force know.
//
// A number is given once to a service's name with its targets. When either changes, the new pair gets a number of its
// own and the old one waits: it is free again only after rules without it were applied and all that was queued before
// is settled. So a packet on its way never reaches a host that its number did not mean when it was given.
//
// The file lies beside the policy. `posternctl rules apply` writes it; the daemon reads it. A row is good for the
// rulesets of its generations alone, so the file answers for older rulesets too, as long as their numbers are not given
// anew.
//
//     # which mark each forward_to has ...
//     applied 7
//     settled 6
//     digest 9ae16a3b2f90404f
//     0 admin 10.0.0.7:443 3-
//     1 web 10.0.0.9:80,[2001:db8::9]:80 5-6
//
// Pure: texts and values in and out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gate/policy.h"
#include "rules/ruleset.h"

namespace postern::rules {

// Generations count the rulesets that were loaded on this gateway, from 1.
using Generation = std::uint64_t;

struct NumberRow {
    unsigned number = 0;  // below most_forwards
    std::string service;
    std::string targets;   // as to_text() writes them
    Generation first = 0;  // the rulesets that know it
    Generation last = 0;   // 0: still

    [[nodiscard]] bool known_in(Generation generation) const noexcept {
        return first <= generation && (last == 0 || generation <= last);
    }
};

struct Numbers {
    Generation applied = 0;    // of the rules in force; 0: none yet
    Generation settled = 0;    // nothing is on its way any more that was queued under this one or before
    std::uint64_t digest = 0;  // of the rules in force
    std::vector<NumberRow> rows;
};

[[nodiscard]] Result<Numbers> parse_numbers(std::string_view text);
[[nodiscard]] std::string to_text(const Numbers& numbers);
[[nodiscard]] std::string to_text(const std::vector<ForwardTarget>& targets);

// A ruleset that is not loaded yet, and the numbers with it.
struct RulesetPlan {
    std::shared_ptr<const Policy> policy;  // with the marks of this ruleset
    Inputs inputs;                         // with its generation
    Numbers numbers;                       // `applied` is still what it was
    std::uint64_t digest = 0;
};

// The rules in force keep their generation where they would be made again word for word. An Error where no number is
// free.
[[nodiscard]] Result<RulesetPlan> plan_ruleset(const Numbers& now, const Policy& policy, const Inputs& inputs);

// The numbers once rules of that generation are in force. `digest` 0: of rules that were kept in a file.
[[nodiscard]] Numbers in_force(Numbers numbers, Generation generation, std::uint64_t digest);

// The generation of a rendered ruleset; 0 where the text has none.
[[nodiscard]] Generation generation_of(std::string_view ruleset);

// The policy with each service's mark as the ruleset of that generation knows it; Mark::none where it does not.
[[nodiscard]] std::shared_ptr<const Policy> with_marks(const Policy& policy, const Numbers& numbers,
                                                       Generation generation);

}  // namespace postern::rules
