// A disk that is slow or refuses, for a program under test: preloaded, it looks at every sync of a file. The number in
// the file POSTERN_DISK_FILE says what becomes of it: 0, nothing special; above, so many milliseconds more; below, EIO.
#include <dlfcn.h>

#include <cerrno>
#include <ctime>

#include "shared_number.h"

namespace {

using Sync = int (*)(int);

int bad_sync(int file, const char* name) {
    static const std::atomic<std::int64_t>* const rule = shared_number("POSTERN_DISK_FILE");
    const std::int64_t milliseconds = rule == nullptr ? 0 : rule->load();
    if (milliseconds < 0) {
        errno = EIO;
        return -1;
    }
    const timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    if (milliseconds > 0) nanosleep(&pause, nullptr);
    return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(file);
}

}  // namespace

extern "C" int fsync(int file) { return bad_sync(file, "fsync"); }
extern "C" int fdatasync(int file) { return bad_sync(file, "fdatasync"); }
