#include "netfilter/netlink.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace postern::netfilter {
namespace {

// The answer to one request, up to its last message. The first error stands; what comes behind it is read
// nevertheless, because the next request would find it in the socket.
class Answer {
public:
    Answer(std::uint32_t sequence, mnl_cb_t each, void* context) noexcept
        : sequence_{sequence}, each_{each}, context_{context} {}

    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] int error() const noexcept { return error_; }

    // The kernel answers while it is asked: once something has failed, nothing that is still to come is waited for.
    void receive(int fd) noexcept {
        alignas(nlmsghdr) std::array<char, 32768> part;  // a dump fills at most 32 KiB a message
        const ssize_t size = recv(fd, part.data(), part.size(), MSG_TRUNC | (error_ != 0 ? MSG_DONTWAIT : 0));
        if (size < 0) return missed(errno);
        if (static_cast<std::size_t>(size) > part.size()) return fail(ENOSPC);
        int left = static_cast<int>(size);
        for (const auto* one = reinterpret_cast<const nlmsghdr*>(part.data()); mnl_nlmsg_ok(one, left);
             one = mnl_nlmsg_next(one, &left))
            take(*one);
    }

private:
    void take(const nlmsghdr& message) noexcept {
        if (message.nlmsg_seq != sequence_) return;  // nobody asked, or nobody waits any more
        if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) fail(EINTR);
        if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) return end(message);
        if (message.nlmsg_type < NLMSG_MIN_TYPE || each_ == nullptr || error_ != 0) return;
        if (each_(&message, context_) < MNL_CB_STOP) fail(errno);
    }

    // Both begin with a number: zero, or an error number below it.
    void end(const nlmsghdr& message) noexcept {
        int number = 0;
        if (mnl_nlmsg_get_payload_len(&message) >= sizeof number)
            std::memcpy(&number, mnl_nlmsg_get_payload(&message), sizeof number);
        over_ = true;
        fail(-number);
    }

    void missed(int error) noexcept {
        if (error == EINTR) return;
        over_ = over_ || error_ != 0;
        fail(error);
    }

    void fail(int error) noexcept {
        if (error_ == 0) error_ = error;
    }

    std::uint32_t sequence_;
    mnl_cb_t each_;
    void* context_;
    bool over_ = false;
    int error_ = 0;
};

const char* name_of(int bus) noexcept { return bus == NETLINK_NETFILTER ? "netfilter" : "sock_diag"; }

tl::unexpected<Error> no_socket(int bus, int error) {
    const char* module = bus == NETLINK_NETFILTER ? "nfnetlink" : "inet_diag";
    if (error == EPROTONOSUPPORT)
        return failure(fmt::format("netlink: this kernel has no {}; load the module {}", name_of(bus), module));
    return failure(fmt::format("netlink: no socket to {}: {}", name_of(bus), std::strerror(error)));
}

}  // namespace

Result<Netlink> Netlink::open(int bus) {
    Netlink netlink{mnl_socket_open2(bus, SOCK_CLOEXEC)};
    if (!netlink.socket_) return no_socket(bus, errno);
    if (mnl_socket_bind(netlink.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        return failure(fmt::format("netlink: cannot bind the socket to {}: {}", name_of(bus), std::strerror(errno)));
    return netlink;
}

int Netlink::send(const nlmsghdr& message) const noexcept {
    return mnl_socket_sendto(socket_.get(), &message, message.nlmsg_len) < 0 ? errno : 0;
}

// A dump ignores the flag: it ends with NLMSG_DONE, everything else with the acknowledgement.
int Netlink::request(nlmsghdr& message, mnl_cb_t each, void* context) noexcept {
    message.nlmsg_seq = ++sequence_;
    message.nlmsg_flags |= NLM_F_ACK;
    if (const int error = send(message); error != 0) return error;
    Answer answer{sequence_, each, context};
    while (!answer.over()) answer.receive(fd());
    return answer.error();
}

bool Netlink::enable(int option) const noexcept {
    int one = 1;
    return mnl_socket_setsockopt(socket_.get(), option, &one, sizeof one) == 0;
}

}  // namespace postern::netfilter
