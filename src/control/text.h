// Reports as a person reads them in a terminal: a few lines and tables, each ending in a newline.
#pragma once

#include <string>
#include <vector>

#include "control/messages.h"

namespace postern::control {

[[nodiscard]] std::string to_text(const Status& status);
[[nodiscard]] std::string to_text(const std::vector<GrantRow>& rows);
[[nodiscard]] std::string to_text(const std::vector<FlowRow>& rows);
[[nodiscard]] std::string to_text(const RevokeReport& report);  // its failures apart
[[nodiscard]] std::string to_text(const ReloadReport& report);

}  // namespace postern::control
