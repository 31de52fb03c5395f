// That something changed in the tables of nftables, those of iptables-nft among them. What it was is not read: whoever
// wants to know looks at the rules.
#pragma once

#include "base/result.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

// One thread at a time. Needs CAP_NET_ADMIN over the network namespace.
class RulesetNews {
public:
    [[nodiscard]] static Result<RulesetNews> open();

    [[nodiscard]] int descriptor() const noexcept { return netlink_.fd(); }  // readable when there is news

    // Whether there was any since the last call, also where so much came that the kernel kept only this. Never waits.
    [[nodiscard]] bool take() noexcept;

private:
    explicit RulesetNews(Netlink netlink) noexcept : netlink_{std::move(netlink)} {}
    Netlink netlink_;
};

}  // namespace postern::netfilter
