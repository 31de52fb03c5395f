// Sockets as sock_diag writes them: linux/inet_diag.h.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "netfilter/netlink.h"
#include "netfilter/socket_list.h"

namespace postern::netfilter {

// A request under construction, in memory of its own.
class SocketRequest {
public:
    // `type` is SOCK_DIAG_BY_FAMILY or SOCK_DESTROY, `protocol` IPPROTO_TCP or IPPROTO_UDP.
    SocketRequest(std::uint16_t type, Family family, std::uint8_t protocol) noexcept;
    SocketRequest(const SocketRequest&) = delete;
    SocketRequest& operator=(const SocketRequest&) = delete;

    SocketRequest& of(const inet_diag_sockid& id) noexcept;  // about that socket
    SocketRequest& all(SocketStates states) noexcept;        // about all in these states

    [[nodiscard]] nlmsghdr& message() noexcept { return *message_; }

private:
    alignas(nlmsghdr) std::array<char, 128> buffer_{};
    nlmsghdr* message_;
    inet_diag_req_v2* asked_;
};

// The socket that a message of a dump describes; nothing where it is too short.
[[nodiscard]] std::optional<SocketRow> parse_socket(const nlmsghdr& message) noexcept;

// Adds the sockets of one family to `rows`: 0, or the error number.
[[nodiscard]] int dump_sockets(Netlink& netlink, Family family, std::uint8_t protocol, SocketStates states,
                               std::vector<SocketRow>& rows);

}  // namespace postern::netfilter
