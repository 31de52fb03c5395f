// What this process may do, and how it gives up the rest.
#pragma once

#include <functional>

#include "base/result.h"
#include "io/files.h"

namespace postern::io {

// CAP_NET_ADMIN is in effect: queues, conntrack.
[[nodiscard]] bool may_administer_network() noexcept;

[[nodiscard]] bool runs_as_root() noexcept;

// Runs the body as `user`, without further groups, where root asks, and as who we are otherwise: for files in a
// directory that somebody else may write in. Threads: the process has one.
[[nodiscard]] Result<void> as_user(const Owner& user, const std::function<Result<void>()>& body);

// Gives up every capability but CAP_NET_ADMIN, and for good: no program that this process could start gets more. Of the
// bounding set only where the process may. For the calling thread and those it starts later: before any other thread.
[[nodiscard]] Result<void> keep_only_network_administration();

}  // namespace postern::io
