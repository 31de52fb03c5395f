// Whom the daemon's own files belong to.
#pragma once

#include <string>

#include "base/result.h"
#include "io/files.h"

namespace postern::ctl {

// Both empty: user and group postern where these exist and root asks, otherwise whoever asks. A user without a group:
// the user's own. An Error where a name that was given is unknown.
[[nodiscard]] Result<io::Owner> daemon_owner(const std::string& user, const std::string& group);

}  // namespace postern::ctl
