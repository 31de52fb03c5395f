#include "io/notify.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>

namespace postern::io {

void notify_ready(std::string_view status) { sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str()); }

void notify_status(std::string_view status) { sd_notify(0, fmt::format("STATUS={}", status).c_str()); }

// Type=notify-reload matches a reload to its request by the monotonic clock.
void notify_reloading() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    const std::int64_t microseconds = std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds).c_str());
}

void notify_stopping() { sd_notify(0, "STOPPING=1"); }
void notify_alive() { sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_period() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds{microseconds};
}

}  // namespace postern::io
