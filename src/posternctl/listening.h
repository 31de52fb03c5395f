// The sockets of this host that wait for others, and which program has them.
#pragma once

#include <vector>

#include "base/result.h"
#include "survey/sockets.h"

namespace postern::ctl {

// Adds TCP sockets that listen, or UDP sockets without a peer; without their programs.
[[nodiscard]] Result<void> add_listeners(std::vector<survey::Listener>& all, Transport transport);

// Where the kernel takes a port from when nobody names one.
[[nodiscard]] survey::Ports chosen_ports();

// Fills in the names of programs, as far as this process may look into others: root may.
void name_programs(std::vector<survey::Listener>& listeners);

}  // namespace postern::ctl
