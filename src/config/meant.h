// The value that somebody may have meant by one that is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/schema.h"

namespace postern::config {

// A value that the key takes and that is near: auto for "atuo", 15s for "15sec" and "15", tcp/22 for "tpc/22" and
// "22/tcp", 192.0.2.0/24 for "192.0.2.1/24". Nothing where none is.
[[nodiscard]] std::optional<std::string> meant(const Key& key, std::string_view text);

}  // namespace postern::config
