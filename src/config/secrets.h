// The secrets a draft names: gateway keys, preshared keys, the steering seed.
#pragma once

#include <vector>

#include "config/draft.h"
#include "spa/postern.h"

namespace postern::config {

// Fills the gateway's keys, the clients' preshared keys, the seed and the list of fresh markers.
void read_secrets(Draft& draft, Mistakes& mistakes);

// The static-static products of every client: one X25519 per client and gateway key. A product that is all zero is a
// mistake. Call when the keys are in place.
void compute_products(Draft& draft, Mistakes& mistakes);

}  // namespace postern::config
