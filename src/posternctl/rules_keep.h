// How rules become the ones that are kept: loaded, recorded, confirmed, and taken back where nobody confirms them.
#pragma once

#include <chrono>
#include <optional>

#include "posternctl/rules_loader.h"
#include "posternctl/rules_store.h"

namespace postern::ctl {

// A set that was rendered, and the emergency set that goes with it.
struct RulesPair {
    rules::Loadable wanted;
    rules::Loadable emergency;
};

// What drops everything new on the interfaces of a policy, but for the essentials and its break-glass.
[[nodiscard]] rules::Loadable emergency_set(const RulesLoader& loader, const Policy& policy);

// Puts a set in; rules in other tables are the caller's to take out. True: it stood already and was not touched, so
// that its counters go on.
[[nodiscard]] Result<bool> put_in(const rules::Loadable& wanted);

// Takes rules of ours out of the tables that `standing` is not in: those of the other backend, and those that `before`
// was loaded into. Two gates in a row would ask the daemon twice. `iptables` is the kind to look with where the other
// backend is iptables.
[[nodiscard]] Result<Removal> remove_others(const rules::Loadable& standing,
                                            const std::optional<rules::Loadable>& before, const std::string& iptables);

// From now on this is the set that is meant to stand, and the one that is loaded at boot.
[[nodiscard]] Result<void> record_confirmed(const RulesStore& store, const RulesPair& sets);

// What an unconfirmed apply is taken back to: the set confirmed last, or, where there was none, no rules at all.
[[nodiscard]] Result<void> take_back(const RulesStore& store, const std::optional<rules::Loadable>& confirmed);

// Starts the process that takes an apply back at its deadline, unless it is confirmed or replaced by then. It belongs
// to no session and no terminal, and returns only in the caller, when the process is there and ready.
[[nodiscard]] Result<void> arm(const RulesStore& store, const Pending& pending,
                               const std::optional<rules::Loadable>& confirmed);

}  // namespace postern::ctl
