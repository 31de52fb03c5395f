// The state of a daemon that does not run, for the commands that look at it or change it.
//
// Others than root may write in its directory: root does all of this as the daemon's user.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "gate/policy.h"
#include "io/files.h"
#include "posternctl/command.h"
#include "store/anchor.h"

namespace postern::ctl {

struct StateOptions {
    std::filesystem::path directory, anchor;  // empty: as the policy says
    std::filesystem::path socket;             // the same
    std::filesystem::path file;               // export, restore: the document; empty: standard output
    std::string client;                       // floor: whose; empty: everybody's
    std::string until;                        // floor: a time or a day; empty: now and the skew
    std::string user;                         // the daemon's; empty: postern
};

struct StateJob {
    std::filesystem::path directory, anchor, socket;
    io::Owner user;
    std::shared_ptr<const Policy> policy;  // without secrets
};

// What is wrong is complained about here and becomes the exit code. With lists, each has to be readable.
[[nodiscard]] tl::expected<StateJob, Exit> state_job(const Context& context, const StateOptions& options,
                                                     bool with_lists);

// Up to which time a message can be fresh by now.
[[nodiscard]] WallTime fresh_until(const StateJob& job);

// Messages of up to this time count as used, whoever sent them, and all lines of one-time lists that the policy has:
// nothing proves any of them fresh.
void use_everything(const StateJob& job, store::State& state, WallTime until);

// As it lies on disk; nothing: there is none. An Error where a daemon holds it.
[[nodiscard]] Result<std::optional<store::State>> read_state(const StateJob& job);

// Of a job that names one.
[[nodiscard]] Result<std::optional<store::Anchor>> read_anchor(const StateJob& job);

// What the running daemon says; an Error where none answers.
[[nodiscard]] Result<store::State> ask_for_state(const StateJob& job);

// Reads, has `edit` make another of it, and writes that with the next sequence, and the anchor behind it. `edit` is
// given a new, empty state where there is none, and one that the anchor speaks against with all used that is fresh.
[[nodiscard]] Result<void> change_state(const StateJob& job, const std::function<void(store::State&)>& edit);

}  // namespace postern::ctl
