// After files have changed: makes the change count, or says how.
#pragma once

#include <filesystem>

#include "posternctl/command.h"

namespace postern::ctl {

// Asks the daemon behind the socket to reload. Prints that it did, or that none runs and the change counts from its
// next start. A daemon that refuses is a complaint and Exit::failed.
void reload_if_running(const std::filesystem::path& socket, Exit& exit);

}  // namespace postern::ctl
