#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/clock.h"
#include "io/unix_address.h"
#include "io/unix_socket.h"

namespace postern::io {
namespace {

// What is left of a timeout; polls with it.
class Limit {
public:
    explicit Limit(LineStream::Timeout timeout) noexcept : end_{now().steady + timeout} {}

    // False when the time is up.
    [[nodiscard]] bool wait(int descriptor, short events) const noexcept {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - now().steady).count();
        if (left <= 0) return false;
        pollfd source{descriptor, events, 0};
        const int ready = poll(&source, 1, static_cast<int>(left));
        return ready > 0 || (ready < 0 && errno == EINTR);
    }

private:
    SteadyTime end_;
};

tl::unexpected<Error> broken(const char* what) {
    return failure(fmt::format("control connection: cannot {}: {}", what, std::strerror(errno)));
}

bool must_wait(int error) noexcept { return error == EAGAIN || error == EINTR; }

std::string connect_error(const std::filesystem::path& path, int error) {
    const char* hint = "";
    if (error == ENOENT || error == ECONNREFUSED) hint = "; is posternd running?";
    if (error == EACCES) hint = "; only root and members of the socket's group may use it";
    return fmt::format("cannot connect to {}: {}{}", path.string(), std::strerror(error), hint);
}

}  // namespace

Result<UnixAddress> UnixAddress::of(const std::filesystem::path& path) {
    UnixAddress made;
    made.address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.empty() || text.size() >= sizeof made.address.sun_path)
        return failure(fmt::format("socket path \"{}\": got {} bytes, expected 1 to {}", text, text.size(),
                                   sizeof made.address.sun_path - 1));
    std::memcpy(made.address.sun_path, text.data(), text.size());
    return made;
}

Result<LineStream> LineStream::connect(const std::filesystem::path& path) {
    const auto address = UnixAddress::of(path);
    if (!address) return tl::make_unexpected(address.error());
    Descriptor descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!descriptor || ::connect(descriptor.get(), address->generic(), UnixAddress::size()) != 0)
        return failure(connect_error(path, errno));
    return LineStream{std::move(descriptor)};
}

Result<std::string> LineStream::read_line(std::size_t limit, Timeout timeout) {
    auto line = next_line(limit, timeout);
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) return failure("control connection: no answer in time");
    return std::move(**line);
}

Result<std::optional<std::string>> LineStream::next_line(std::size_t limit, Timeout timeout) {
    const Limit time{timeout};
    for (std::size_t searched = 0;;) {
        const auto end = ahead_.find('\n', searched);
        if (end > limit && ahead_.size() > limit)
            return failure(fmt::format("control connection: line too long, expected at most {} bytes", limit));
        if (end != std::string::npos) {
            std::string line = ahead_.substr(0, end);
            ahead_.erase(0, end + 1);
            return line;
        }
        searched = ahead_.size();
        std::array<char, 4096> some;
        const auto size = recv(descriptor_.get(), some.data(), some.size(), MSG_DONTWAIT);
        if (size == 0) return failure("control connection: closed by the other side");
        if (size > 0) ahead_.append(some.data(), static_cast<std::size_t>(size));
        if (size < 0 && !must_wait(errno)) return broken("read");
        if (size < 0 && !time.wait(descriptor_.get(), POLLIN)) return std::nullopt;
    }
}

Result<void> LineStream::write_line(std::string_view text, Timeout timeout) {
    const Limit time{timeout};
    std::string line{text};
    line += '\n';
    for (std::size_t done = 0; done < line.size();) {
        const auto size = send(descriptor_.get(), line.data() + done, line.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size > 0) done += static_cast<std::size_t>(size);
        if (size < 0 && !must_wait(errno)) return broken("write");
        if (size < 0 && !time.wait(descriptor_.get(), POLLOUT))
            return failure("control connection: the other side does not read");
    }
    return {};
}

Result<std::size_t> LineStream::write_some(std::string_view bytes) {
    const auto size = send(descriptor_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size >= 0) return static_cast<std::size_t>(size);
    return must_wait(errno) ? Result<std::size_t>{0} : broken("write");
}

bool LineStream::ended() const noexcept {
    char byte = 0;
    return recv(descriptor_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || !must_wait(errno);
}

}  // namespace postern::io
