#include "postern/relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>

namespace postern::client {
namespace {

// One direction. Bytes are read only when all of the last ones are written, so a slow reader slows its writer down.
// A piece is at most PIPE_BUF, which a pipe that polls writable takes without blocking.
class Direction {
public:
    Direction(int from, int to) noexcept : from_{from}, to_{to} {}

    [[nodiscard]] bool ended() const noexcept { return ended_; }

    // What to wait for; a negative descriptor is left out by poll().
    [[nodiscard]] pollfd wish() const noexcept {
        if (ended_) return {-1, 0, 0};
        return left_ > 0 ? pollfd{to_, POLLOUT, 0} : pollfd{from_, POLLIN, 0};
    }

    // One read or one write; 0, or the errno that broke the direction.
    int step() noexcept { return left_ > 0 ? write_on() : read_more(); }

private:
    static bool is_passing(int error) noexcept { return error == EAGAIN || error == EINTR; }

    int read_more() noexcept {
        const auto got = ::read(from_, buffer_.data(), buffer_.size());
        if (got < 0) return is_passing(errno) ? 0 : errno;
        ended_ = got == 0;
        start_ = 0;
        left_ = static_cast<std::size_t>(got);
        return 0;
    }

    int write_on() noexcept {
        const auto wrote = ::write(to_, buffer_.data() + start_, left_);
        if (wrote < 0) return is_passing(errno) ? 0 : errno;
        start_ += static_cast<std::size_t>(wrote);
        left_ -= static_cast<std::size_t>(wrote);
        return 0;
    }

    int from_;
    int to_;
    std::array<char, PIPE_BUF> buffer_{};
    std::size_t start_ = 0;
    std::size_t left_ = 0;
    bool ended_ = false;
};

tl::unexpected<Error> broke(int error) {
    return failure("the connection broke: " + std::generic_category().message(error));
}

}  // namespace

Result<void> relay(const Socket& connection, int input, int output) {
    Direction out{input, connection.get()};
    Direction in{connection.get(), output};
    while (!out.ended() || !in.ended()) {
        std::array waits{out.wish(), in.wish()};
        if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return broke(errno);
        if (waits[0].revents != 0) {
            if (const int error = out.step(); error != 0) return broke(error);
            if (out.ended()) ::shutdown(connection.get(), SHUT_WR);
        }
        if (waits[1].revents != 0) {
            if (const int error = in.step(); error != 0) return broke(error);
            if (in.ended()) ::close(output);
        }
    }
    return {};
}

}  // namespace postern::client
