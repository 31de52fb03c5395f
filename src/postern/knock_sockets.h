// Sends one packet per step of a knock sequence, with an ordinary user's sockets.
#pragma once

#include <optional>

#include "knock/sequence.h"
#include "postern/sockets.h"

namespace postern::client {

// A step as the policy writes it, or as knock(1) does: 7000, 7000:tcp, 7000:udp. An Error says what was expected: also
// of a step that takes other flags than a SYN's, which an ordinary socket cannot send.
[[nodiscard]] Result<knock::Step> read_step(const std::string& text);

// Whoever knocks at one address. Not bound to a port: each step comes from another one.
class Knocker {
public:
    // An Error where `with_echo` and the system gives this user no ping socket.
    [[nodiscard]] static Result<Knocker> at(const Endpoint& gateway, bool with_echo);

    // Sends the step's packet and waits for nothing; an answer changes nothing either.
    [[nodiscard]] Result<void> send(const knock::Step& step);

    [[nodiscard]] const IpAddress& address() const noexcept { return gateway_.address; }

private:
    Knocker(const Endpoint& gateway, Socket ping) : gateway_{gateway}, ping_{std::move(ping)} {}

    Endpoint gateway_;
    Socket ping_;
    std::uint8_t echoes_ = 0;
};

}  // namespace postern::client
