#include "io/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace postern::io {

Result<void> flush_output() {
    const bool lost = std::ferror(stdout) != 0;
    if (std::fflush(stdout) != 0) return failure(fmt::format("standard output: {}", std::strerror(errno)));
    if (lost) return failure("standard output: a part of it could not be written");
    return {};
}

}  // namespace postern::io
