#include "netfilter/route.h"

#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;

namespace {

Route route_to(const char* address) {
    auto routes = Routes::open();
    if (!routes) throw std::runtime_error(routes.error().text);
    const auto route = routes->to(*parse_address(address));
    if (!route) throw std::runtime_error(route.error().text);
    return *route;
}

bool leads(const char* address, const char* interface) {
    const Route route = route_to(address);
    return !route.local && route.interface == interface;
}

}  // namespace

TEST_CASE("the way to an address: its interface, the host itself, or none", "[netfilter]") {
    in_namespaces([] {
        run_tool(
            "ip link add wan0 type veth peer lan0 && ip link set wan0 up && "
            "ip link set lan0 up && ip addr add 192.0.2.2/24 dev wan0 && ip addr add 10.0.0.1/24 dev lan0 && "
            "ip addr add 2001:db8::2/64 dev wan0 nodad && ip route add 198.51.100.0/24 via 192.0.2.1 && "
            "ip route add 2001:db8:7::/48 via 2001:db8::1 && ip route add blackhole 203.0.113.0/24");
        DEMAND(leads("192.0.2.77", "wan0"));
        DEMAND(leads("198.51.100.7", "wan0"));
        DEMAND(leads("10.0.0.7", "lan0"));
        DEMAND(leads("2001:db8::77", "wan0"));
        DEMAND(leads("2001:db8:7::7", "wan0"));
        for (const char* own : {"192.0.2.2", "10.0.0.1", "127.0.0.1", "2001:db8::2", "::1"})
            DEMAND(route_to(own).local);
        DEMAND(leads("203.0.113.9", ""));
        DEMAND(leads("8.8.8.8", ""));
    });
}

TEST_CASE("the way back of what came to one of the host's addresses is that of its own table", "[netfilter]") {
    in_namespaces([] {
        run_tool(
            "ip link add wan0 type veth peer far0 && ip link add wan1 type veth peer far1 && ip link set wan0 up && "
            "ip link set far0 up && ip link set wan1 up && ip link set far1 up && ip addr add 192.0.2.2/24 dev wan0 && "
            "ip addr add 198.51.100.2/24 dev wan1 && ip route add default via 198.51.100.1 && "
            "ip route add default via 192.0.2.1 table 100 && ip rule add from 192.0.2.2 table 100");
        auto routes = Routes::open().value();
        const IpAddress stranger = *parse_address("203.0.113.9");
        DEMAND(routes.to(stranger)->interface == "wan1");
        DEMAND(routes.to(stranger, *parse_address("192.0.2.2"))->interface == "wan0");
        DEMAND(routes.to(stranger, *parse_address("198.51.100.2"))->interface == "wan1");
        DEMAND(routes.to(stranger, *parse_address("10.9.9.9"))->interface.empty());
    });
}

TEST_CASE("one socket answers for many addresses", "[netfilter]") {
    in_namespaces([] {
        run_tool(
            "ip link add wan0 type veth peer far0 && ip link set wan0 up && ip link set far0 up && ip addr add "
            "192.0.2.2/24 dev wan0");
        auto routes = Routes::open().value();
        for (int i = 0; i < 100; ++i) {
            DEMAND(routes.to(*parse_address("192.0.2.9"))->interface == "wan0");
            DEMAND(routes.to(*parse_address("8.8.8.8"))->interface.empty());
            DEMAND(routes.to(*parse_address("192.0.2.2"))->local);
        }
    });
}
