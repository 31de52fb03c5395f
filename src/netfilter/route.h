// Which way the host sends to an address.
#pragma once

#include <optional>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "netfilter/netlink.h"

namespace postern::netfilter {

struct Route {
    bool local = false;     // the address is one of the host's own
    std::string interface;  // by which packets leave; empty where there is no way
};

// One thread at a time.
class Routes {
public:
    [[nodiscard]] static Result<Routes> open();

    // By the tables and rules of policy routing, without a mark; for packets from `source`, one of the host's own
    // addresses, where it is given. No way is no Error.
    [[nodiscard]] Result<Route> to(const IpAddress& address, const std::optional<IpAddress>& source = {});

private:
    explicit Routes(Netlink netlink) noexcept : netlink_{std::move(netlink)} {}
    Netlink netlink_;
};

}  // namespace postern::netfilter
