// Fresh secrets for the gateway and its clients, from the kernel's randomness.
#pragma once

#include <string>

#include "noise/keys.h"

namespace postern::ctl {

[[nodiscard]] noise::Secret draw_secret();
[[nodiscard]] noise::KeyPair draw_key_pair();

// The steering seed as its file has it: eight hexadecimal digits.
[[nodiscard]] std::string draw_seed();

}  // namespace postern::ctl
