// Which boot of the host this is.
#pragma once

#include <string>

namespace postern::io {

// 32 hexadecimal digits, another number at every boot; empty where the kernel does not tell, and then it is none.
[[nodiscard]] std::string boot_id();

}  // namespace postern::io
