#include "survey/sockets.h"

#include "policy.h"

using namespace postern;
using namespace postern::survey;
using namespace postern::test;

namespace {

const Links links{{1, "lo", "", "", true, {*parse_address("127.0.0.1")}},
                  {2, "wan0", "", "", true, {*parse_address("192.0.2.2")}},
                  {3, "lan0", "", "", true, {*parse_address("10.0.0.1")}}};

Listener listener(Transport transport, std::string_view address, std::uint16_t port) {
    return {transport, *parse_address(address), port, 0, 4711, "thing"};
}

std::string found(const std::vector<Listener>& listeners) {
    Findings findings;
    find_listeners(policy_guarding({"wan0"}), links, listeners, {}, findings);
    return findings.empty() ? "" : to_text(findings.front());
}

Listener bound_to(Listener one, unsigned interface) {
    one.interface = interface;
    return one;
}

}  // namespace

TEST_CASE("a listener that strangers reach and nothing names is found, once per port", "[survey]") {
    const std::string text = found({listener(Transport::tcp, "0.0.0.0", 5432)});
    CHECK(text.find("thing listens on tcp/5432") == 0);
    CHECK(text.find("ports: [tcp/5432]") != std::string::npos);
    CHECK(found({listener(Transport::udp, "192.0.2.2", 53)}).find("udp/53") != std::string::npos);
    CHECK(!found({listener(Transport::tcp, "2001:db8::77", 80)}).empty());  // nobody's address yet
    Findings findings;
    find_listeners(policy_guarding({"wan0"}), links,
                   {listener(Transport::tcp, "0.0.0.0", 80), listener(Transport::tcp, "::", 80)}, {}, findings);
    CHECK(findings.size() == 1);
}

TEST_CASE("services, SPA ports, loopback, other interfaces and DHCP clients are no findings", "[survey]") {
    CHECK(found({listener(Transport::tcp, "0.0.0.0", 22)}).empty());
    CHECK(found({listener(Transport::udp, "0.0.0.0", 62201)}).empty());
    CHECK(found({listener(Transport::tcp, "127.0.0.1", 631), listener(Transport::tcp, "::1", 631)}).empty());
    CHECK(found({listener(Transport::tcp, "10.0.0.1", 445)}).empty());
    CHECK(found({bound_to(listener(Transport::udp, "0.0.0.0", 67), 3)}).empty());
    CHECK(!found({bound_to(listener(Transport::udp, "0.0.0.0", 67), 2)}).empty());
    CHECK(found({listener(Transport::udp, "0.0.0.0", 68), listener(Transport::udp, "::", 546)}).empty());
}

TEST_CASE("what is open is no finding, and a service behind the gateway names no port of its own", "[survey]") {
    Policy policy = policy_guarding({"wan0"});
    policy.gateway.open = {{{{17, {}, PortRange{53, 53}, {}}}, {}, {}}, {{{112, {}, {}, {}}}, {}, {}}};
    Findings findings;
    find_listeners(policy, links, {listener(Transport::udp, "0.0.0.0", 53)}, {}, findings);
    find_protocols(policy, {112}, findings);
    CHECK(findings.empty());
    policy.services.front().to = {*parse_prefix("10.0.0.5")};
    find_listeners(policy, links, {listener(Transport::tcp, "0.0.0.0", 22)}, {}, findings);
    CHECK(findings.size() == 1);
}

TEST_CASE("a UDP socket at a chosen port is a client, unless it is the kernel's", "[survey]") {
    Listener wireguard = listener(Transport::udp, "0.0.0.0", 51820);
    CHECK(found({wireguard}).empty());
    wireguard.inode = 0;
    CHECK(found({wireguard}).find("the kernel listens on udp/51820") == 0);
}

TEST_CASE("break-glass is said of a port 22 that no service has", "[survey]") {
    Policy policy = policy_guarding({"wan0"});
    policy.services.clear();
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/24")};
    Findings findings;
    find_listeners(policy, links, {listener(Transport::tcp, "0.0.0.0", 22)}, {}, findings);
    CHECK(says(findings, "but for those from gateway.break_glass"));
}

TEST_CASE("raw sockets of routing daemons are found by protocol, those of ping and sniffers are not", "[survey]") {
    constexpr std::string_view text =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref\n"
        "   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 9 2 0 0\n"
        "  89: 00000000:0059 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 9 2 0 0\n"
        "  89: 00000000:0059 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 8 2 0 0\n"
        " 112: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7 2 0 0\n"
        " 255: 00000000:00FF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0\n";
    CHECK(raw_protocols(text) == std::vector<std::uint8_t>{89, 112});
    Findings findings;
    find_protocols(policy_guarding({"wan0"}), {112, 89, 112}, findings);
    CHECK(findings.size() == 2);
    CHECK(says(findings, "VRRP (IP protocol 112)"));
    CHECK(says(findings, "open: [proto/89]"));
}

TEST_CASE("SCTP endpoints that listen are found", "[survey]") {
    constexpr std::string_view text =
        " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n"
        "ffff8800 ffff8801 2   10  29   3868       0 14425 0.0.0.0\n"
        "ffff8802 ffff8803 2   7   30   3869       0 14426 0.0.0.0\n";
    CHECK(sctp_ports(text) == std::vector<std::uint16_t>{3868});
    Findings findings;
    find_sctp(policy_guarding({"wan0"}), {3868}, findings);
    CHECK(says(findings, "open: [proto/132]"));
}
