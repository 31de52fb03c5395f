// Text of others for a terminal, which obeys some bytes.
#pragma once

#include <string>

namespace postern {

// What is no printable ASCII becomes a question mark, line ends among it.
[[nodiscard]] std::string printable(std::string text);

}  // namespace postern
