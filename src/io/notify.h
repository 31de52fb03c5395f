// Tells the service manager how the daemon does: sd_notify(3). Without a manager every call does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace postern::io {

void notify_ready(std::string_view status);  // one line for `systemctl status`; also ends a reload
void notify_status(std::string_view status);  // the line alone
void notify_reloading();
void notify_stopping();
void notify_alive();

// How often the manager wants to hear notify_alive(); nothing where it does not watch. Half of that is a good interval.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period();

}  // namespace postern::io
