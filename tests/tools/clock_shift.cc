// Another wall clock for a program under test: preloaded, it adds POSTERN_CLOCK_OFFSET seconds to CLOCK_REALTIME and
// leaves every other clock alone. tests/system/vectors_test.py takes the daemon to the day of a test vector with it.
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>

#include <cstdlib>

namespace {

time_t offset() {
    const char* text = std::getenv("POSTERN_CLOCK_OFFSET");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return text == nullptr ? 0 : static_cast<time_t>(std::strtoll(text, nullptr, 10));
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const time_t shift = offset();
    const long result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift;
    return static_cast<int>(result);
}
