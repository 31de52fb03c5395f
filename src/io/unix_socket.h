// Unix stream sockets that carry lines: the daemon's control socket and its callers.
//
// What the lines say is control/'s. Every wait has a limit, and every line too.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/descriptor.h"

namespace postern::io {

// One end of a connection. One thread at a time.
class LineStream {
public:
    using Timeout = std::chrono::milliseconds;  // for the whole line

    explicit LineStream(Descriptor connected) noexcept : descriptor_{std::move(connected)} {}

    [[nodiscard]] static Result<LineStream> connect(const std::filesystem::path& path);

    // The next line without its newline, at most `limit` bytes long. An Error at the end of the stream, too.
    [[nodiscard]] Result<std::string> read_line(std::size_t limit, Timeout timeout);

    // The same; nothing where the time is up, and the next call goes on where this one stopped.
    [[nodiscard]] Result<std::optional<std::string>> next_line(std::size_t limit, Timeout timeout);

    // The text and a newline; there must be none inside.
    [[nodiscard]] Result<void> write_line(std::string_view text, Timeout timeout);

    // As many of the bytes as fit without waiting, from the first on: their number.
    [[nodiscard]] Result<std::size_t> write_some(std::string_view bytes);

    // The other side has left, or says something although it has nothing to say.
    [[nodiscard]] bool ended() const noexcept;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

private:
    Descriptor descriptor_;
    std::string ahead_;  // read behind the last line
};

// A socket file that is served. The file goes with the object.
class UnixListener {
public:
    // Makes the socket with this mode, and never wider for a moment. A file that a dead process left behind is
    // replaced; where a process still answers, or the name is no socket, it is an Error.
    [[nodiscard]] static Result<UnixListener> open(const std::filesystem::path& path, mode_t mode);

    ~UnixListener();
    UnixListener(UnixListener&&) noexcept = default;
    UnixListener& operator=(UnixListener&&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }  // readable while somebody waits

    // An Error where nobody waits; never blocks.
    [[nodiscard]] Result<LineStream> accept() const;

private:
    UnixListener(std::filesystem::path path, Descriptor descriptor);

    std::filesystem::path path_;
    Descriptor descriptor_;
    dev_t device_ = 0;  // of our own file, so that nobody else's is removed
    ino_t inode_ = 0;
};

}  // namespace postern::io
