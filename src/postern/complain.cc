#include <cstdio>

#include "base/printable.h"
#include "postern/command.h"

namespace postern::client {

void complain(const std::string& text) { std::fprintf(stderr, "postern: %s\n", printable(text).c_str()); }

}  // namespace postern::client
