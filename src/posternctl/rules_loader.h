// Where rules are loaded: one object per backend, and the choice between them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gate/policy.h"
#include "rules/compare.h"
#include "rules/ruleset.h"

namespace postern::ctl {

// The families whose rules a text is wanted for; nftables has one text for both.
enum class Families { both, v4, v6 };

// What taking rules out came to; of several, the last in this list counts.
enum class Removal {
    no_tool,   // the tool is not installed, and so has loaded nothing
    no_rules,  // there were none
    done,
};

class RulesLoader {
public:
    virtual ~RulesLoader() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;  // as the policy spells it

    // The text that apply() loads, for people and for files.
    [[nodiscard]] virtual std::string render(const Policy& policy, const rules::Inputs& inputs,
                                             Families families) const = 0;

    // Puts the rules in, whatever of ours is there. At no moment is more let in than by the old or by the new rules.
    [[nodiscard]] virtual Result<void> apply(const Policy& policy, const rules::Inputs& inputs) const = 0;

    // How what is loaded differs from what apply() would leave. Needs a scratch network namespace.
    [[nodiscard]] virtual Result<rules::Findings> check(const Policy& policy, const rules::Inputs& inputs) const = 0;

    // Takes the rules out. After an Error some may still stand.
    [[nodiscard]] virtual Result<Removal> remove() const = 0;
};

[[nodiscard]] std::unique_ptr<RulesLoader> nftables_loader();

// `tool` is iptables, iptables-nft or iptables-legacy; ip6tables, -save and -restore of the same kind go with it.
[[nodiscard]] std::unique_ptr<RulesLoader> iptables_loader(const std::string& tool);

// Whether this kernel and this nft know the native queue; asked without loading anything.
[[nodiscard]] bool nftables_can_queue();

}  // namespace postern::ctl
