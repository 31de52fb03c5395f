// Connections as ctnetlink writes them: nested attributes of linux/netfilter/nfnetlink_conntrack.h.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "netfilter/conntrack.h"

namespace postern::netfilter {

// A request under construction, in memory of its own.
class ConntrackRequest {
public:
    // `type` is an IPCTNL_MSG_CT_ value, `family` an AF_ value, AF_UNSPEC for both.
    ConntrackRequest(std::uint16_t type, std::uint16_t flags, std::uint8_t family) noexcept;
    ConntrackRequest(const ConntrackRequest&) = delete;
    ConntrackRequest& operator=(const ConntrackRequest&) = delete;

    ConntrackRequest& original(const Connection& connection) noexcept;
    ConntrackRequest& mark(MaskedMark mark) noexcept;

    // The tuple of the answers, where no address is translated.
    ConntrackRequest& reply(const Connection& connection) noexcept;

    // A TCP connection in the midst of its life, whose windows nobody knows.
    ConntrackRequest& established(std::chrono::seconds timeout) noexcept;

    [[nodiscard]] nlmsghdr& message() noexcept { return *message_; }

private:
    alignas(8) std::array<char, 512> buffer_;
    nlmsghdr* message_;
};

// The connection that a message of a dump describes; nothing where it is neither TCP nor UDP, or unreadable.
[[nodiscard]] std::optional<TrackedConnection> parse_connection(const nlmsghdr& message) noexcept;

}  // namespace postern::netfilter
