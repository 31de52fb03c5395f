// Before which time nothing is accepted: what a start without memory costs.
//
// Replay windows live in memory in this version. A process before this one may have accepted any time up to its own
// now + skew, so nothing is accepted whose time is not later than start + skew. Only the first start with a key that
// `posternctl init` has just made has nothing before it; a marker beside the key says so, and counts once.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "config/load.h"

namespace postern {

struct StartFloor {
    WallTime floor;
    std::optional<std::string> warning;  // the marker could not be spent
};

// Removes the markers and syncs their directories: call before the first verdict.
[[nodiscard]] StartFloor spend_markers(const config::Configuration& configuration, WallTime now);

// The same for a reload: keys that are new to this process must come with their markers, because another process may
// have accepted messages to them; all markers are spent. An Error, one line, where that is not so.
[[nodiscard]] Result<void> spend_markers_of_new_keys(const config::Configuration& next, const Policy& before);

}  // namespace postern
