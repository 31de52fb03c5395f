#include "io/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace postern::io {
namespace {

Descriptor open_or_duplicate(const std::filesystem::path& file) noexcept {
    if (file.empty()) return Descriptor{fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
    return Descriptor{::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640)};
}

iovec piece(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

// Moves the pieces on by what has been written.
void advance(std::array<iovec, 3>& pieces, std::size_t written) noexcept {
    for (iovec& one : pieces) {
        const std::size_t taken = std::min(written, one.iov_len);
        one = {static_cast<char*>(one.iov_base) + taken, one.iov_len - taken};
        written -= taken;
    }
}

// How many bytes got there; fewer than all on an error.
std::size_t write_all(int descriptor, std::array<iovec, 3> pieces) noexcept {
    std::size_t done = 0;
    const std::size_t all = pieces[0].iov_len + pieces[1].iov_len + pieces[2].iov_len;
    while (done < all) {
        const auto wrote = writev(descriptor, pieces.data(), pieces.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return done;
        advance(pieces, static_cast<std::size_t>(wrote));
        done += static_cast<std::size_t>(wrote);
    }
    return done;
}

}  // namespace

Result<LogFile> LogFile::open(const std::filesystem::path& file) {
    Descriptor descriptor = open_or_duplicate(file);
    if (!descriptor)
        return failure(
            fmt::format("cannot open the log {}: {}; its directory must be there and let this user write, or "
                        "log.file name another",
                        file.string(), std::strerror(errno)));
    return LogFile{file, std::move(descriptor)};
}

bool LogFile::write_line(std::string_view text) noexcept {
    const std::string_view start = torn_ ? "\n" : "";
    const std::size_t all = start.size() + text.size() + 1;
    const std::size_t done = write_all(descriptor_.get(), {piece(start), piece(text), piece("\n")});
    if (done > 0) torn_ = done > start.size() && done < all;
    return done == all;
}

bool LogFile::reopen() noexcept {
    Descriptor fresh = open_or_duplicate(file_);
    if (!fresh) return false;
    descriptor_ = std::move(fresh);
    torn_ = false;
    return true;
}

}  // namespace postern::io
