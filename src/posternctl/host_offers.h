// What this host suggests for its first policy. src/survey judges; this reads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "posternctl/caller.h"
#include "survey/offers.h"

namespace postern::ctl {

struct HostOffers {
    std::string name;                     // the host's, as a policy writes it
    std::vector<std::string> interfaces;  // those of the default routes
    std::vector<survey::Offer> ports;     // what waits for strangers
    std::optional<SshSession> session;    // that this program runs in
};

[[nodiscard]] Result<HostOffers> host_offers();

}  // namespace postern::ctl
