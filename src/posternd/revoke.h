// Ends grants and flows on an operator's word.
#pragma once

#include "control/messages.h"
#include "posternd/house.h"

namespace postern {

// A flow ends by its connection mark: the static rules then drop it both ways, whoever talks. The server's own socket
// goes too, where there is one (netfilter/socket_diag.h says why). Thread: main.
[[nodiscard]] Result<control::RevokeReport> revoke(House& house, const control::RevokeRequest& request);

struct Revocations {
    std::size_t done = 0;               // in the kernel now, or their connections were over
    std::vector<std::string> pending;   // one line for each that is not there yet
    std::vector<std::string> warnings;  // one line for each that is, but whose server's socket could not be ended
};

// Carries the revocations that are under way to the kernel. The keeper calls it again every second. Thread: main.
Revocations end_revoked_flows(House& house);

}  // namespace postern
