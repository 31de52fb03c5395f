// The static answers as a function say what the rendered rules say.
#include "rules/passed.h"
#include "catch.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;
using rules::Origin;
using rules::Passed;

namespace {

PacketView packet(const char* source, const char* destination, std::uint8_t protocol, Transport transport) {
    PacketView view;
    view.malformed = false;
    view.source = *parse_address(source);
    view.destination = *parse_address(destination);
    view.family = view.source.family;
    view.protocol = protocol;
    view.transport = transport;
    view.hop_limit = 64;
    return view;
}

PacketView message(std::uint8_t type, std::uint8_t hops, const char* source = "fe80::1") {
    PacketView view = packet(source, "ff02::1", 58, Transport::icmpv6);
    view.icmp_type = type;
    view.hop_limit = hops;
    return view;
}

PacketView datagram(const char* source, const char* destination, std::uint16_t from, std::uint16_t to) {
    PacketView view = packet(source, destination, 17, Transport::udp);
    view.source_port = from;
    view.destination_port = to;
    return view;
}

Passed passed(const PacketView& view, const Policy& policy = sample_policy()) {
    return rules::passed(policy, view, Origin::wire);
}

}  // namespace

TEST_CASE("essentials pass by type, hop limit and source", "[rules]") {
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{133, 134, 135, 136}) {
        CHECK(passed(message(type, 255)) == Passed::nd);
        CHECK(passed(message(type, 255, "2001:db8::1")) == Passed::nd);
        CHECK(passed(message(type, 254)) == Passed::no);
    }
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{130, 131, 132, 143}) {
        CHECK(passed(message(type, 1)) == Passed::mld);
        CHECK(passed(message(type, 1, "::")) == Passed::mld);
        CHECK(passed(message(type, 1, "2001:db8::1")) == Passed::no);
        CHECK(passed(message(type, 2)) == Passed::no);
    }
    CHECK(passed(message(137, 255)) == Passed::no);  // a redirect
    PacketView report = packet("198.51.100.7", "224.0.0.22", 2, Transport::other);
    CHECK(passed(report) == Passed::no);
    report.hop_limit = 1;
    CHECK(passed(report) == Passed::igmp);
    report.destination = *parse_address("192.0.2.1");
    CHECK(passed(report) == Passed::no);
}

TEST_CASE("a DHCP reply passes to the gateway itself, and is known wherever it goes", "[rules]") {
    PacketView reply = datagram("198.51.100.7", "192.0.2.1", 67, 68);
    CHECK(rules::is_dhcp_reply(reply));
    CHECK(passed(reply) == Passed::no);
    reply.local = true;
    CHECK(passed(reply) == Passed::dhcp);
    CHECK(passed(datagram("198.51.100.7", "255.255.255.255", 67, 68)) == Passed::dhcp);
    CHECK(passed(datagram("198.51.100.7", "255.255.255.255", 68, 67)) == Passed::no);
    CHECK(passed(datagram("fe80::1", "fe80::2", 547, 546)) == Passed::dhcp);
    CHECK(passed(datagram("fe80::1", "2001:db8::2", 547, 546)) == Passed::no);
}

TEST_CASE("static answers come in the order of the chain: essentials, break-glass, IPsec, open, unmatched", "[rules]") {
    Policy policy = full_policy();
    policy.index();
    PacketView web = packet("192.0.2.9", "192.0.2.77", 6, Transport::tcp);
    web.local = true;
    web.destination_port = 443;
    CHECK(rules::passed(policy, web, Origin::ipsec) == Passed::ipsec);
    CHECK(rules::passed(policy, web, Origin::wire) == Passed::open);
    web.destination_port = 22;
    CHECK(rules::passed(policy, web, Origin::ipsec) == Passed::break_glass);
    web.source = *parse_address("203.0.113.9");
    CHECK(rules::passed(policy, web, Origin::ipsec) == Passed::ipsec);
    CHECK(rules::passed(policy, web, Origin::wire) == Passed::no);
    web.destination_port = 23;
    CHECK(rules::passed(policy, web, Origin::wire) == Passed::unmatched);
    policy.gateway.ipsec = Ipsec::judge;
    policy.gateway.unmatched = Unmatched::drop;
    CHECK(rules::passed(policy, web, Origin::ipsec) == Passed::no);
}

TEST_CASE("where the unmatched pass, pieces and both families of a forwarded port are asked about", "[rules]") {
    Policy policy = full_policy();
    policy.services[2].forward_to = {{*parse_address("10.0.0.7"), 443}};
    policy.index();
    PacketView admin = packet("2001:db8:7::9", "2001:db8:1::1", 6, Transport::tcp);
    admin.destination_port = 8443;
    admin.local = true;
    CHECK(passed(admin, policy) == Passed::no);  // as the rule says, though the service has no IPv6
    PacketView group = packet("203.0.113.9", "224.0.0.1", 6, Transport::tcp);
    group.destination_port = 22;
    CHECK(passed(group, policy) == Passed::no);  // sockets of the gateway are reached by its groups
    group.destination = *parse_address("192.0.2.78");
    CHECK(passed(group, policy) == Passed::unmatched);
    PacketView piece = packet("203.0.113.9", "192.0.2.77", 6, Transport::none);
    CHECK(passed(piece, policy) == Passed::unmatched);
    piece.more_fragments = true;
    CHECK(passed(piece, policy) == Passed::no);
}

TEST_CASE("errors are those that conntrack and the rules both call so", "[rules]") {
    PacketView error = packet("203.0.113.9", "192.0.2.1", 1, Transport::icmp);
    for (const auto& [type, known] : {std::pair{3, true}, {11, true}, {12, true}, {4, false}, {5, false}, {8, false}}) {
        error.icmp_type = static_cast<std::uint8_t>(type);
        CHECK(rules::is_known_error(error) == known);
    }
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{1, 2, 3, 4})
        CHECK(rules::is_known_error(message(type, 64)));
    CHECK_FALSE(rules::is_known_error(message(128, 64)));
}
