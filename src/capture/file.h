// Reads capture files through libpcap: pcap and pcapng, both byte orders, microseconds and nanoseconds.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "capture/link.h"

struct pcap;

namespace postern::capture {

// One packet of a file. `found.packet` lives until the next one is read.
struct Record {
    WallTime time;
    Found found;
    std::size_t length = 0;  // of the packet on the wire; `found.packet` is shorter where the capture cut it
};

// Threads: one at a time.
class File {
public:
    // `path` may be - for standard input. An Error names the file and what was expected.
    [[nodiscard]] static Result<File> open(const std::filesystem::path& path);

    // The next record; nothing at the end of the file. An Error where the file breaks off or lies.
    [[nodiscard]] Result<std::optional<Record>> next();

private:
    struct Closer {
        void operator()(pcap* handle) const noexcept;
    };
    File(std::filesystem::path path, std::unique_ptr<pcap, Closer> handle, Link link)
        : path_{std::move(path)}, handle_{std::move(handle)}, link_{link} {}

    std::filesystem::path path_;
    std::unique_ptr<pcap, Closer> handle_;
    Link link_;
};

}  // namespace postern::capture
