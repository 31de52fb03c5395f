// FILE.fresh beside a private key: `posternctl init` has just made the key, so nobody has ever accepted a message to
// it. The marker counts once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"

namespace postern {

struct SpentMarkers {
    std::vector<noise::PublicKey> keys;  // of the gateway, that nobody has used before
    std::optional<std::string> warning;  // one could not be removed, and counts for nothing
};

// Removes the markers and syncs their directories: call before the first verdict.
[[nodiscard]] SpentMarkers spend_markers(const config::Configuration& configuration);

// The same for a reload: keys that are new to this process must come with their markers, because another process may
// have accepted messages to them; all markers are spent. An Error, one line, where that is not so.
[[nodiscard]] Result<void> spend_markers_of_new_keys(const config::Configuration& next, const Policy& before);

}  // namespace postern
