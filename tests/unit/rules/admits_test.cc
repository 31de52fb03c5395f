// What passes without the daemon is not what came through a gap.
#include "rules/admits.h"
#include "catch.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;

namespace {

PacketView first(Transport transport, const char* source, std::uint16_t port, const char* routed = nullptr) {
    PacketView packet;
    packet.malformed = false;
    packet.source = *parse_address(source);
    packet.family = packet.source.family;
    packet.transport = transport;
    packet.protocol = transport == Transport::tcp ? 6 : 17;
    packet.destination_port = port;
    packet.local = !routed;
    packet.destination = *parse_address(routed ? routed : "192.0.2.77");
    return packet;
}

}  // namespace

TEST_CASE("break-glass and SPA ports are admitted by the rules, and nothing else", "[rules]") {
    Policy policy;
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/28"), *parse_prefix("2001:db8::/64")};
    policy.gateway.spa = {{62201, 62210}};
    policy.index();
    const auto admits = [&](Transport transport, const char* source, std::uint16_t port, const char* routed = nullptr) {
        return rules::admits(policy, first(transport, source, port, routed));
    };
    CHECK(admits(Transport::tcp, "192.0.2.15", 22));
    CHECK(admits(Transport::tcp, "2001:db8::1", 22));
    CHECK_FALSE(admits(Transport::tcp, "192.0.2.15", 22, "198.51.100.5"));
    CHECK_FALSE(admits(Transport::tcp, "192.0.2.16", 22));
    CHECK_FALSE(admits(Transport::tcp, "192.0.2.15", 23));
    CHECK_FALSE(admits(Transport::udp, "192.0.2.15", 22));
    CHECK(admits(Transport::udp, "203.0.113.1", 62205));
    CHECK_FALSE(admits(Transport::tcp, "203.0.113.1", 62205));
}

TEST_CASE("what is open is admitted, from where and to where it says", "[rules]") {
    Policy policy;
    policy.gateway.open = {
        {{{6, {}, PortRange{80, 80}, {}}}, {}, {}},
        {{{17, {}, PortRange{53, 53}, {}}}, {*parse_prefix("192.0.2.0/24")}, {*parse_prefix("198.51.100.5")}}};
    policy.index();
    CHECK(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 80)));
    CHECK_FALSE(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 80, "198.51.100.5")));
    CHECK(rules::admits(policy, first(Transport::udp, "192.0.2.9", 53, "198.51.100.5")));
    CHECK_FALSE(rules::admits(policy, first(Transport::udp, "203.0.113.1", 53, "198.51.100.5")));
}

TEST_CASE("where the unmatched pass, everything but services is admitted", "[rules]") {
    Policy policy = full_policy();
    policy.index();
    CHECK(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 8080)));
    CHECK(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 5432)));
    CHECK_FALSE(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 5432, "198.51.100.5")));
    CHECK_FALSE(rules::admits(policy, first(Transport::tcp, "203.0.113.1", 22)));
}

TEST_CASE("a star guards any rest of a name, and never the loopback", "[rules]") {
    Policy policy;
    policy.gateway.interfaces = {"wan0", "ppp*"};
    CHECK(rules::guards_interface(policy, "wan0"));
    CHECK(rules::guards_interface(policy, "ppp17"));
    CHECK_FALSE(rules::guards_interface(policy, "wan01"));
    CHECK_FALSE(rules::guards_interface(policy, ""));
    policy.gateway.interfaces = {"*"};
    CHECK(rules::guards_interface(policy, "eth0"));
    CHECK_FALSE(rules::guards_interface(policy, "lo"));
}
