// What would have been needed: one line of advice for every reason.
#pragma once

#include <string_view>

#include "base/verdict.h"

namespace postern::explain {

// Empty where there is nothing to do, as for a packet that was let in.
[[nodiscard]] std::string_view advice(Reason reason) noexcept;

}  // namespace postern::explain
