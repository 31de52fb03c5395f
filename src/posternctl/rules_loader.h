// Where rules are loaded: one object per backend, and the choice between them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gate/policy.h"
#include "rules/compare.h"
#include "rules/loadable.h"
#include "rules/ruleset.h"

namespace postern::ctl {

// What taking rules out came to; of several, the last in this list counts.
enum class Removal {
    no_tool,   // the tool is not installed, and so has loaded nothing
    no_rules,  // there were none
    done,
};

// What the tools say about the rules of ours that are loaded, one text per call. Two of them are compared, not read.
using Listing = std::vector<std::string>;

class RulesLoader {
public:
    virtual ~RulesLoader() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;  // as the policy spells it

    // What load() takes, made from a policy.
    [[nodiscard]] virtual rules::Loadable loadable(const Policy& policy, const rules::Inputs& inputs) const = 0;

    // Puts the rules in, whatever of ours is there. At no moment is more let in than by the old or by the new rules,
    // also where the process ends in the middle of it.
    [[nodiscard]] virtual Result<void> load(const rules::Loadable& loadable) const = 0;

    // Of this network namespace. Where there are no rules it is no Error.
    [[nodiscard]] virtual Result<Listing> listing() const = 0;

    // Whether any rule of ours is in it.
    [[nodiscard]] virtual bool stands(const Listing& loaded) const = 0;

    // How a listing differs from what load() leaves, which is a listing too.
    [[nodiscard]] virtual rules::Findings differences(const Listing& expected, const Listing& loaded) const = 0;

    // Whether the kernel tells (RulesetNews) when these rules change. Otherwise one has to look.
    [[nodiscard]] virtual bool announced() const = 0;

    // Takes the rules out. After an Error some may still stand.
    [[nodiscard]] virtual Result<Removal> remove() const = 0;
};

// What listing() says where load() has just been: asked in a scratch network namespace.
[[nodiscard]] Result<Listing> expected_listing(const RulesLoader& loader, const rules::Loadable& loadable);

// How what is loaded differs from that.
[[nodiscard]] Result<rules::Findings> differences_of(const RulesLoader& loader, const rules::Loadable& loadable);

// The backend that a ruleset was made for.
[[nodiscard]] std::unique_ptr<RulesLoader> loader_for(const rules::Loadable& loadable);

[[nodiscard]] std::unique_ptr<RulesLoader> nftables_loader();

// `tool` is iptables, iptables-nft or iptables-legacy; ip6tables, -save and -restore of the same kind go with it.
[[nodiscard]] std::unique_ptr<RulesLoader> iptables_loader(const std::string& tool);

// Whether this kernel and this nft know the native queue; asked without loading anything.
[[nodiscard]] bool nftables_can_queue();

}  // namespace postern::ctl
