// Appends whole lines to a file that others rotate, or to standard output.
//
// What a line says is log/'s; who calls is one writer thread, because a disk may be slow.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "io/descriptor.h"

namespace postern::io {

class LogFile {
public:
    // Made with mode 0640 where it does not exist. An empty path is standard output.
    [[nodiscard]] static Result<LogFile> open(const std::filesystem::path& file);

    // The text and a newline, in one write. False: it did not get there whole; what did get there stands on a line of
    // its own.
    bool write_line(std::string_view text) noexcept;

    // Opens the name again after somebody has renamed the file. False: the old file goes on.
    bool reopen() noexcept;

private:
    LogFile(std::filesystem::path file, Descriptor descriptor) noexcept
        : file_{std::move(file)}, descriptor_{std::move(descriptor)} {}

    std::filesystem::path file_;
    Descriptor descriptor_;
    bool torn_ = false;  // the last line has no end
};

}  // namespace postern::io
