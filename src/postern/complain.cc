#include <cstdio>

#include "postern/command.h"

namespace postern::client {

void complain(const std::string& text) { std::fprintf(stderr, "postern: %s\n", text.c_str()); }

}  // namespace postern::client
