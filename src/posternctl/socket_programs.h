// Which program has a socket.
#pragma once

#include <vector>

#include "survey/sockets.h"

namespace postern::ctl {

// Fills in the names of programs, as far as this process may look into others: root may.
void name_programs(std::vector<survey::Listener>& listeners);

}  // namespace postern::ctl
