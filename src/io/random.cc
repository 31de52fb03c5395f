#include "io/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace postern::io {

void fill_random(MutableBytes bytes) noexcept {
    while (!bytes.empty()) {
        const auto size = getrandom(bytes.data(), bytes.size(), 0);
        if (size < 0 && errno != EINTR) std::abort();
        if (size > 0) bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
}

}  // namespace postern::io
