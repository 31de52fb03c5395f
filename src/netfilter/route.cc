#include "netfilter/route.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace postern::netfilter {
namespace {

int read_attribute(const nlattr* attribute, void* context) {
    auto& route = *static_cast<Route*>(context);
    if (mnl_attr_get_type(attribute) != RTA_OIF || mnl_attr_get_payload_len(attribute) < 4) return MNL_CB_OK;
    std::array<char, IF_NAMESIZE> name{};
    if (if_indextoname(mnl_attr_get_u32(attribute), name.data()) != nullptr) route.interface = name.data();
    return MNL_CB_OK;
}

int read_route(const nlmsghdr* message, void* context) {
    if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return MNL_CB_OK;
    auto& route = *static_cast<Route*>(context);
    route.local = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_type == RTN_LOCAL;
    return mnl_attr_parse(message, sizeof(rtmsg), read_attribute, &route);
}

}  // namespace

Result<Routes> Routes::open() {
    auto netlink = Netlink::open(NETLINK_ROUTE);
    if (!netlink) return tl::make_unexpected(netlink.error());
    return Routes{std::move(*netlink)};
}

Result<Route> Routes::to(const IpAddress& address, const std::optional<IpAddress>& source) {
    alignas(nlmsghdr) std::array<char, 256> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_GETROUTE;
    message->nlmsg_flags = NLM_F_REQUEST;
    auto* asked = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
    asked->rtm_family = address.family == Family::v4 ? AF_INET : AF_INET6;
    asked->rtm_dst_len = static_cast<unsigned char>(address_bits(address.family));
    mnl_attr_put(message, RTA_DST, address.bytes().size(), address.bytes().data());
    if (source) {
        asked->rtm_src_len = asked->rtm_dst_len;
        mnl_attr_put(message, RTA_SRC, source->bytes().size(), source->bytes().data());
    }
    Route route;
    const int error = netlink_.request(*message, read_route, &route);
    if (error == 0 || error == ENETUNREACH || error == EHOSTUNREACH || error == EINVAL) return route;
    return failure(fmt::format("rtnetlink: cannot ask for a route: {}", std::strerror(error)));
}

}  // namespace postern::netfilter
