#include "netfilter/conntrack_events.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "netfilter/conntrack_message.h"

namespace postern::netfilter {
namespace {

constexpr int most_messages = 1024;  // in one receive()

// Classic BPF over the netlink message: finds CTA_MARK behind both headers, takes 0 where there is none, and keeps the
// message if the masked value lies in the band. Loads are big-endian, as the attribute is.
Result<void> attach_filter(const Netlink& netlink, MarkBand band) {
    std::array<sock_filter, 11> program{{
        BPF_STMT(BPF_LD | BPF_IMM, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg))),
        BPF_STMT(BPF_LDX | BPF_IMM, CTA_MARK),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),  // none: A is 0 already
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, band.mask),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, band.first, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, band.last, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (setsockopt(netlink.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) return {};
    return failure(fmt::format("conntrack events: the kernel takes no filter: {}", std::strerror(errno)));
}

Result<void> join(const Netlink& netlink, int group) {
    if (setsockopt(netlink.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0) return {};
    if (errno == EPERM) return failure("conntrack events: not permitted; start the program with CAP_NET_ADMIN");
    return failure(fmt::format("conntrack events: cannot listen: {}", std::strerror(errno)));
}

void widen_buffer(const Netlink& netlink, std::size_t bytes) {
    const auto wanted = static_cast<int>(bytes);
    if (setsockopt(netlink.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
        setsockopt(netlink.fd(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
}

void take(const nlmsghdr& message, const MarkBand& band, std::vector<ConntrackEvent>& into) {
    using Kind = ConntrackEvent::Kind;
    if (message.nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK) return;
    const auto entry = parse_connection(message);
    if (!entry || !band.contains(entry->mark)) return;
    const bool over = (message.nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE;
    into.push_back({over ? Kind::over : Kind::begun, entry->connection, entry->mark});
}

}  // namespace

Result<ConntrackEvents> ConntrackEvents::open(Wanted wanted, MarkBand band, std::size_t buffer) {
    auto netlink = Netlink::open();
    if (!netlink) return tl::make_unexpected(netlink.error());
    widen_buffer(*netlink, buffer);
    if (auto attached = attach_filter(*netlink, band); !attached) return tl::make_unexpected(attached.error());
    if (wanted.begun)
        if (auto joined = join(*netlink, NFNLGRP_CONNTRACK_NEW); !joined) return tl::make_unexpected(joined.error());
    if (wanted.over)
        if (auto joined = join(*netlink, NFNLGRP_CONNTRACK_DESTROY); !joined)
            return tl::make_unexpected(joined.error());
    return ConntrackEvents{std::move(*netlink), band};
}

// After ENOBUFS what had still found room is there to be read.
Result<ConntrackEventBatch> ConntrackEvents::receive() {
    ConntrackEventBatch batch;
    alignas(nlmsghdr) std::array<char, 8192> buffer;
    for (int messages = 0; messages < most_messages; ++messages) {
        const ssize_t size = recv(netlink_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) break;
        if (size < 0 && errno != ENOBUFS && errno != EINTR)
            return failure(fmt::format("conntrack events: cannot read: {}", std::strerror(errno)));
        batch.overrun = batch.overrun || (size < 0 && errno == ENOBUFS);
        int left = static_cast<int>(size);
        for (const auto* one = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(one, left);
             one = mnl_nlmsg_next(one, &left))
            take(*one, band_, batch.events);
    }
    return batch;
}

bool conntrack_reports_events() {
    std::ifstream file{"/proc/sys/net/netfilter/nf_conntrack_events"};
    int value = 0;
    return file >> value && value != 0;
}

}  // namespace postern::netfilter
