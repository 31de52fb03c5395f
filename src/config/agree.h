// What the values of a policy must say to each other, once each of them is sound by itself.
#pragma once

#include "config/draft.h"

namespace postern::config {

// What stands in messages about a service that nobody offers: what came, what was expected and what was meant.
[[nodiscard]] std::string no_service(const Draft& draft, const std::string& name);

// Adds a mistake for: a service a client may open and nobody offers; two clients with one public key; a public key that
// is not canonical or of low order; a service on a port where SPA is listened for; two targets of one family;
// `open` for a port that a service or SPA has, too.
void check_agreement(const Draft& draft, Mistakes& mistakes);

}  // namespace postern::config
