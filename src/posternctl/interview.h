// posternctl init, where a line of flags does not say all: what it asks, what it takes where nobody is asked.
#pragma once

#include <string>

#include "base/result.h"
#include "posternctl/host_offers.h"
#include "posternctl/new_policy.h"

namespace postern::ctl {

// What init makes beside the policy, for the first client; no name: none.
struct FirstClient {
    std::string name;
    std::string host;     // where it finds the gateway; empty: the gateway's name
    std::string profile;  // a file that does not exist; empty: NAME.yaml, here
};

// A client's name. Empty: it fits; otherwise what came and what was expected.
[[nodiscard]] std::string check_client(const std::string& name);

// Fills in what is missing: asks on standard output, reads answers from standard input, and asks again where one does
// not fit. An Error where the input ends.
[[nodiscard]] Result<void> interview(const HostOffers& offers, NewPolicy& policy, FirstClient& client);

// The same without a question: every proposal is taken, all ports as services. An Error where there is nothing to take.
[[nodiscard]] Result<void> take_offers(const HostOffers& offers, NewPolicy& policy);

// "--name gw1 --interface eth0 --service ssh=tcp/22": what take_offers() would take.
[[nodiscard]] std::string as_flags(const HostOffers& offers);

}  // namespace postern::ctl
