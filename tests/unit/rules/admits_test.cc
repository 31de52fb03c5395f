// What passes without the daemon is not what came through a gap.
#include "catch.h"
#include "rules/admits.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;

TEST_CASE("break-glass and SPA ports are admitted by the rules, and nothing else", "[rules]") {
    Policy policy;
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/28"), *parse_prefix("2001:db8::/64")};
    policy.gateway.spa = {{62201, 62210}};
    policy.index();
    const auto admits = [&](Transport transport, const char* source, std::uint16_t port) {
        return rules::admits(policy, transport, *parse_address(source), port);
    };
    CHECK(admits(Transport::tcp, "192.0.2.15", 22));
    CHECK(admits(Transport::tcp, "2001:db8::1", 22));
    CHECK_FALSE(admits(Transport::tcp, "192.0.2.16", 22));
    CHECK_FALSE(admits(Transport::tcp, "192.0.2.15", 23));
    CHECK_FALSE(admits(Transport::udp, "192.0.2.15", 22));
    CHECK(admits(Transport::udp, "203.0.113.1", 62205));
    CHECK_FALSE(admits(Transport::tcp, "203.0.113.1", 62205));
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
