// A file in memory, for what reads files by name. It goes with the object.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/bytes.h"
#include "fuzz/demand.h"

namespace postern::test {

class MemoryFile {
public:
    explicit MemoryFile(Bytes bytes) : descriptor_{::memfd_create("fuzz", MFD_CLOEXEC)} {
        demand(descriptor_ >= 0 && ::fchmod(descriptor_, 0600) == 0, "there is memory for a file");
        while (!bytes.empty()) {
            const auto written = ::write(descriptor_, bytes.data(), bytes.size());
            demand(written > 0, "a file in memory can be written");
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

}  // namespace postern::test
