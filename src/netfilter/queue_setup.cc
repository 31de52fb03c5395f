#include "netfilter/queue_setup.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace postern::netfilter {
namespace {

// What the kernel charges for the largest message of a full frame (struct sk_buff included), rounded up.
constexpr std::size_t charge_per_packet = 2560;

// One configuration message; `fill` writes its attributes.
class Config {
public:
    template <class Fill>
    Config(std::uint16_t queue, Fill&& fill) : message_{nfq_nlmsg_put(buffer_.data(), NFQNL_MSG_CONFIG, queue)} {
        fill(message_);
    }
    Config(const Config&) = delete;
    Config& operator=(const Config&) = delete;

    [[nodiscard]] nlmsghdr& message() noexcept { return *message_; }

private:
    alignas(8) std::array<char, 256> buffer_;
    nlmsghdr* message_;
};

Config command(std::uint16_t queue, std::uint8_t what) {
    return {queue, [&](nlmsghdr* message) { nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, what); }};
}

std::string netfilter_error(std::uint16_t queue, int error) {
    if (error == EPERM)
        return fmt::format("queue {}: not permitted: netfilter wants CAP_NET_ADMIN; start the program with it", queue);
    if (error == EINVAL || error == EOPNOTSUPP)
        return fmt::format("queue {}: this kernel has no packet queue; load the module nfnetlink_queue", queue);
    return fmt::format("queue {}: netfilter refuses to talk: {}", queue, std::strerror(error));
}

std::string bind_error(std::uint16_t queue, int error) {
    if (error == EPERM)
        return fmt::format(
            "queue {}: another program is bound to it, such as a second posternd or an IDS; stop that one: in root's "
            "/proc/net/netfilter/nfnetlink_queue the second column is its port id, mostly its process id",
            queue);
    return fmt::format("queue {}: cannot bind: {}", queue, std::strerror(error));
}

// The kernel answers EPERM both to the unprivileged and to the latecomer. A command that does nothing tells them apart.
Result<void> take_queue(Netlink& netlink, std::uint16_t queue) {
    auto nothing = command(queue, NFQNL_CFG_CMD_PF_UNBIND);
    if (const int error = netlink.request(nothing.message()); error != 0) return failure(netfilter_error(queue, error));
    auto bind = command(queue, NFQNL_CFG_CMD_BIND);
    if (const int error = netlink.request(bind.message()); error != 0) return failure(bind_error(queue, error));
    return {};
}

// The kernel doubles what it is asked for and reports the double.
void widen_buffer(const Netlink& netlink, std::uint16_t queue, const QueueOptions& options,
                  std::vector<std::string>& warnings) {
    const auto wanted =
        static_cast<int>(options.receive_buffer != 0 ? options.receive_buffer : options.length * charge_per_packet);
    const int fd = netlink.fd();
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) == 0) return;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    int doubled = 0;
    socklen_t size = sizeof doubled;
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &doubled, &size);
    if (doubled / 2 < wanted)
        warnings.push_back(
            fmt::format("queue {}: receive buffer of {} bytes instead of {}: bursts are lost sooner; raise "
                        "net.core.rmem_max",
                        queue, doubled / 2, wanted));
}

void set_socket_options(const Netlink& netlink, std::uint16_t queue, const QueueOptions& options,
                        std::vector<std::string>& warnings) {
    widen_buffer(netlink, queue, options, warnings);
    if (!netlink.enable(NETLINK_CAP_ACK)) warnings.push_back(fmt::format("queue {}: no NETLINK_CAP_ACK", queue));
    if (!options.report_overruns && !netlink.enable(NETLINK_NO_ENOBUFS))
        warnings.push_back(fmt::format("queue {}: no NETLINK_NO_ENOBUFS: an overrun loses more packets", queue));
}

Result<void> set_length(Netlink& netlink, std::uint16_t queue, std::uint32_t length) {
    Config config{queue, [&](nlmsghdr* message) { nfq_nlmsg_cfg_put_qmaxlen(message, length); }};
    if (const int error = netlink.request(config.message()); error != 0)
        return failure(fmt::format("queue {}: cannot set its length to {}: {}", queue, length, std::strerror(error)));
    return {};
}

// Each flag in a request of its own: one unknown flag refuses a whole request.
void set_flag(Netlink& netlink, std::uint16_t queue, std::uint32_t flag, const char* name,
              std::vector<std::string>& warnings) {
    Config config{queue, [&](nlmsghdr* message) {
                      mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flag));
                      mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(flag));
                  }};
    if (const int error = netlink.request(config.message()); error != 0)
        warnings.push_back(fmt::format("queue {}: works without {}: {}", queue, name, std::strerror(error)));
}

// The last step: until then the kernel drops what is queued. No acknowledgement is asked for, because packets might
// arrive before it; an error would come by itself and be counted.
Result<void> start(const Netlink& netlink, std::uint16_t queue, std::uint32_t copy_range) {
    Config config{queue, [&](nlmsghdr* message) {
                      nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, static_cast<int>(copy_range));
                  }};
    if (const int error = netlink.send(config.message()); error != 0)
        return failure(fmt::format("queue {}: cannot ask for packets: {}", queue, std::strerror(error)));
    return {};
}

}  // namespace

Result<BoundQueue> bind_queue(std::uint16_t queue, const QueueOptions& options) {
    auto netlink = Netlink::open();
    if (!netlink) return tl::make_unexpected(netlink.error());
    BoundQueue bound{std::move(*netlink), {}};
    set_socket_options(bound.netlink, queue, options, bound.warnings);
    if (auto taken = take_queue(bound.netlink, queue); !taken) return tl::make_unexpected(taken.error());
    if (auto set = set_length(bound.netlink, queue, options.length); !set) return tl::make_unexpected(set.error());
    set_flag(bound.netlink, queue, NFQA_CFG_F_GSO, "NFQA_CFG_F_GSO", bound.warnings);
    if (auto live = start(bound.netlink, queue, options.copy_range); !live) return tl::make_unexpected(live.error());
    return bound;
}

}  // namespace postern::netfilter
