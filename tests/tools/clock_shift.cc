// Another wall clock for a program under test: preloaded, it adds seconds to CLOCK_REALTIME and leaves every other
// clock alone. How many, POSTERN_CLOCK_OFFSET says, or the file POSTERN_CLOCK_FILE while the program runs.
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "shared_number.h"

namespace {

std::int64_t said_at_the_start() {
    const char* text = std::getenv("POSTERN_CLOCK_OFFSET");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
}

std::int64_t offset() {
    static const std::int64_t fixed = said_at_the_start();
    static const std::atomic<std::int64_t>* const moving = shared_number("POSTERN_CLOCK_FILE");
    return moving == nullptr ? fixed : moving->load();
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += static_cast<time_t>(offset());
    return static_cast<int>(result);
}
