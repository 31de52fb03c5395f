// Keeps who was let in, and hands over who may still come in: `flows`, `revoke`, session_max and `expires` reach a flow
// also behind a restart, however the process before ended. What the kernel does not know any more, FlowWatch takes out.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "gate/inventory.h"
#include "posternd/current.h"
#include "store/sessions.h"

namespace postern {

class Sessions {
public:
    // Both outlive it.
    Sessions(Tables& tables, const CurrentPolicy& current) : tables_{tables}, current_{current} {}

    // Enters what the process before left, if that was in this boot. Before the workers start, once the policy's
    // clients are enrolled.
    void begin(std::filesystem::path directory, Names& names, SteadyTime now);

    // Writes what has changed since the last look; costs nothing where nothing has. A file that could not be opened is
    // tried again. Thread: any one.
    void look(SteadyTime now);

    // Behind the workers' end: hands over the grants whose time is not over.
    void end(SteadyTime now);

    // Why a restart forgets who was let in; empty: it does not. Threads: any.
    [[nodiscard]] std::string trouble() const;

private:
    using Kept = std::map<FlowKey, store::KeptFlow>;

    [[nodiscard]] std::optional<store::Sessions> open(SteadyTime now);
    void enter(const store::KeptFlow& kept, Names& names);
    void enter(const store::KeptGrant& kept, Names& names, SteadyTime now);
    [[nodiscard]] bool name(store::KeptFlow& flow, const FlowKey& key) const;
    [[nodiscard]] Kept flows_now();
    bool done(const store::Outcome<void>& written);

    Tables& tables_;
    const CurrentPolicy& current_;
    std::filesystem::path directory_;
    SteadyTime try_again_{};
    std::optional<store::SessionFile> file_;
    Kept kept_;                          // as it lies in the file
    std::optional<std::uint64_t> seen_;  // flow_changes() of that; nothing: unknown
    mutable Guarded<std::string> trouble_;
};

}  // namespace postern
