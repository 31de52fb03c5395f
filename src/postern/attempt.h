// One attempt: which ways lead to the gateway, what each message claims, and sending them.
//
// All messages of an attempt carry one attempt id, whichever family they travel in and however often they are sent; the
// gateway gives them one grant together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "postern/profile.h"
#include "postern/sockets.h"

namespace postern::client {

// A way to the gateway in one family: the message goes from `local` to `gateway`, and so does the flow behind it.
struct Way {
    Endpoint gateway;
    IpAddress local;
    spa::AddressClaim claim;
};

// What is asked for.
struct Wish {
    std::vector<std::string> services;
    Duration window{};              // zero: whatever the gateway gives
    std::uint16_t source_port = 0;  // of the flow; 0: any
};

// The ways from this host: the first usable address of each family. `mode` says how sources are named. An Error only
// where no way is left; ways that fail beside others go to `passed_over`, one line each.
[[nodiscard]] Result<std::vector<Way>> find_ways(const std::vector<Endpoint>& gateway, SourceMode mode,
                                                 std::vector<std::string>& passed_over);

// The claims of the message that travels `carrier`. Every message names the address of both families; the source port
// stands only where the carrier's address is exact, because a translator may change it.
[[nodiscard]] spa::Claims claims_of(const Wish& wish, const std::vector<Way>& ways, const Way& carrier,
                                    const AttemptId& attempt, WallTime now);

// "IPv4 192.0.2.1, IPv6 2001:db8::1"
[[nodiscard]] std::string to_text(const std::vector<Way>& ways);

class Attempt {
public:
    // Draws the attempt id. The profile must outlive the attempt.
    Attempt(const Profile& profile, Wish wish, std::vector<Way> ways);

    // A new message for every way, sealed now; in the order of ways().
    [[nodiscard]] Result<std::vector<std::vector<std::uint8_t>>> seal() const;

    // Seals and sends one message along every way. An Error only where none could be sent.
    [[nodiscard]] Result<void> send() const;

    [[nodiscard]] const std::vector<Way>& ways() const noexcept { return ways_; }
    // "asked gw1.example.net for ssh (IPv4 192.0.2.1, IPv6 2001:db8::1)"
    [[nodiscard]] std::string summary() const;

private:
    const Profile& profile_;
    Wish wish_;
    std::vector<Way> ways_;
    AttemptId id_{};
};

}  // namespace postern::client
