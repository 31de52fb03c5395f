#include "netfilter/ruleset_news.h"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace postern::netfilter {

Result<RulesetNews> RulesetNews::open() {
    auto netlink = Netlink::open();
    if (!netlink) return tl::make_unexpected(netlink.error());
    const int group = NFNLGRP_NFTABLES;
    if (setsockopt(netlink->fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        return failure(fmt::format("netlink: no notifications of nftables: {}", std::strerror(errno)));
    return RulesetNews{std::move(*netlink)};
}

bool RulesetNews::take() noexcept {
    std::array<char, 8192> part;
    for (bool any = false;; any = true)
        if (recv(netlink_.fd(), part.data(), part.size(), MSG_DONTWAIT | MSG_TRUNC) < 0 && errno != ENOBUFS &&
            errno != EINTR)
            return any;
}

}  // namespace postern::netfilter
