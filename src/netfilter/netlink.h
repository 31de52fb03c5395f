// A netlink socket that closes itself, and one acknowledged request over it.
//
// What the requests say is left to queue_setup, conntrack and socket_message.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace postern::netfilter {

// One thread at a time.
class Netlink {
public:
    // Belongs to the network namespace of the calling thread. The bus is netfilter's or NETLINK_SOCK_DIAG.
    [[nodiscard]] static Result<Netlink> open(int bus = NETLINK_NETFILTER);

    [[nodiscard]] int fd() const noexcept { return mnl_socket_get_fd(socket_.get()); }

    // Sends one message as it is: 0, or the error number of the send itself.
    [[nodiscard]] int send(const nlmsghdr& message) const noexcept;

    // Gives the message a sequence number, asks for an answer and reads it to its end: 0, or the first error number
    // that came up. `each`, if any, sees every message of a dump; with MNL_CB_ERROR it sets errno and sees no more.
    [[nodiscard]] int request(nlmsghdr& message, mnl_cb_t each = nullptr, void* context = nullptr) noexcept;

    // Sets an option of the SOL_NETLINK level to 1; false where this kernel does not know it.
    [[nodiscard]] bool enable(int option) const noexcept;

private:
    struct Close {
        void operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }
    };
    explicit Netlink(mnl_socket* socket) noexcept : socket_{socket} {}

    std::unique_ptr<mnl_socket, Close> socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace postern::netfilter
