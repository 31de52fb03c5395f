// Who follows a source at this moment (`posternctl explain --live`), and the way of verdicts to them.
//
//     worker --push--> ring --serve()--> what waits for a follower --> its socket
//
// Nobody waits for a follower: a full ring, and a follower that does not read, lose events, and are told how many.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "io/poll.h"
#include "io/unix_socket.h"
#include "log/ring.h"

namespace postern {

inline constexpr std::size_t most_followers = 4;

// The sources that somebody follows; a worker's own copy.
class Followed {
public:
    void add(const Prefix& source) { sources_[count_++] = source; }  // at most most_followers
    [[nodiscard]] bool covers(const IpAddress& address) const noexcept {
        for (std::size_t i = 0; i < count_; ++i)
            if (sources_[i].contains(address)) return true;
        return false;
    }

private:
    std::array<Prefix, most_followers> sources_{};
    std::size_t count_ = 0;
};

class Followers {
public:
    static constexpr std::size_t ring_capacity = 256;         // events, a worker
    static constexpr std::size_t most_waiting = 64u * 1024u;  // bytes for a follower that does not read

    Followers(io::Waker bell, std::size_t workers);

    // --- workers ---------------------------------------------------------------------------------------------------

    // Changes whenever followed() does; one load.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
    [[nodiscard]] Followed followed() const;

    // Thread: that worker's. Call ring_bell() once after a batch that pushed something.
    void push(std::size_t worker, log::Event&& event) noexcept { (void)rings_[worker]->push(std::move(event)); }
    void ring_bell() const noexcept { bell_.wake(); }

    // --- main thread -----------------------------------------------------------------------------------------------

    // Answers who asks to follow a source, and keeps the connection.
    void admit(io::LineStream stream, const Prefix& source);

    // Readable when there is something to serve().
    [[nodiscard]] int descriptor() const noexcept { return bell_.descriptor(); }

    // Hands on what the workers said, and lets go of who left. Never waits.
    void serve();

private:
    struct Follower {
        io::LineStream stream;
        Prefix source;
        std::string waiting;
        std::uint64_t lost = 0;  // not told yet

        void say(const std::string& result);
        [[nodiscard]] bool flush();
    };

    void hand_on(const log::Event& event);
    void count_ring_losses();
    void publish();

    io::Waker bell_;
    std::vector<std::unique_ptr<log::Ring>> rings_;
    std::uint64_t ring_losses_ = 0;  // told
    std::vector<Follower> followers_;
    std::atomic<std::uint64_t> version_ = 0;
    mutable Guarded<Followed> followed_;
};

}  // namespace postern
