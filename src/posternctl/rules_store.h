// What `posternctl rules` remembers between its runs, in the directory rules/ of state.directory:
//
//   lock        held by whoever changes rules
//   applied     the set that is meant to stand now; absent after `rules remove`
//   applied.boot    the run of the kernel in which that was written
//   confirmed   the boot set: the last one that was confirmed
//   emergency   what is loaded instead where that is lost: drops all that is new but what break-glass admits;
//               emergency.next is that of a set that is not confirmed yet
//   pending     a confirmation is waited for: until when, and how its connection is told from older ones
//
// The files hold the steering seed: they are their owner's alone. Whoever calls anything but open() and lock() holds
// the lock.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/lock.h"
#include "rules/loadable.h"

namespace postern::ctl {

// An apply that is undone unless it is confirmed.
struct Pending {
    std::string id;       // of this apply and no other
    std::string boot;     // of which this is a part; steady times mean nothing in another
    SteadyTime applied;   // when the new rules stood; a connection from before proves nothing about them
    SteadyTime deadline;  // when they are taken back

    auto operator<=>(const Pending&) const = default;
};

class RulesStore {
public:
    enum class Set { applied, confirmed, emergency, next_emergency };

    // Makes the directory where there is none. An Error also where others than we may write in it, or
    // may put another directory in its place.
    [[nodiscard]] static Result<RulesStore> open(const std::filesystem::path& state_directory);

    // Waits a while for others; then an Error that says so.
    [[nodiscard]] Result<io::FileLock> lock() const;
    // Nothing where somebody else has it.
    [[nodiscard]] Result<std::optional<io::FileLock>> try_lock() const;

    // Nothing where there is no such file; an Error where it cannot be read or does not hold what it should.
    [[nodiscard]] Result<std::optional<rules::Loadable>> read(Set set) const;
    [[nodiscard]] Result<void> write(Set set, const rules::Loadable& loadable) const;

    // Whether the set that is meant to stand was written since the host started. Needs no lock.
    [[nodiscard]] bool applied_since_start() const;

    // Nothing where no confirmation is waited for, also where the host was started anew since.
    [[nodiscard]] Result<std::optional<Pending>> pending() const;
    [[nodiscard]] Result<void> write(const Pending& pending) const;
    [[nodiscard]] Result<void> forget_pending() const;

    // After `rules remove`: nothing is meant to stand, and nothing is loaded at boot.
    [[nodiscard]] Result<void> forget_all() const;

    // When the set that is meant to stand was written; nothing where there is none. Needs no lock.
    [[nodiscard]] std::optional<WallTime> applied_at() const;

    // Changes whenever the set that is meant to stand is written anew. Needs no lock.
    [[nodiscard]] std::string version() const;

    [[nodiscard]] std::filesystem::path file(Set set) const;

private:
    explicit RulesStore(std::filesystem::path directory) : directory_{std::move(directory)} {}
    std::filesystem::path directory_;
};

}  // namespace postern::ctl
