// The model of the kernel: what it would have queued, and why it would not.
#include "catch.h"
#include "unit/explain/packets.h"

using namespace postern;
using namespace postern::test;
using std::chrono::seconds;

TEST_CASE("a connection that a verdict let in is not queued again, from its second SYN to its end", "[explain]") {
    Told told;
    CHECK(told.open() == "spa_accepted grant_active");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "again");
    CHECK(told.tell(tcp(us, them, 22, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "established");  // a repeat of an unassured connection's SYN
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "established");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{1}) == "grant_used");  // on an assured one: another flow
    CHECK(told.tell(tcp(them, us, 40000, 22, fin_ack)) == "established");
    CHECK(told.tell(tcp(us, them, 22, 40000, fin_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "established");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{1}) == "grant_used");
}

TEST_CASE("what was dropped leaves no connection behind", "[explain]") {
    Told told;
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "no_grant");
    CHECK(told.tell(tcp(us, them, 22, 40000, syn_ack)) == "outgoing");  // nobody sends that; it is invalid there
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "not_syn");
    CHECK(told.tell(tcp(them, us, 40000, 22, fin_ack)) == "invalid");
    CHECK(told.tell(tcp(them, us, 40000, 22, rst)) == "invalid");
    CHECK(told.tell(tcp(them, us, 40000, 22, 0)) == "invalid");
    CHECK(told.tell(tcp(them, us, 40000, 22, 41)) == "invalid");  // Xmas
}

TEST_CASE("a refused connection is forgotten with its reset", "[explain]") {
    Told told;
    CHECK(told.open() == "spa_accepted grant_active");
    CHECK(told.tell(tcp(us, them, 22, 40000, rst_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{1}) == "grant_used");
}

TEST_CASE("a connection is forgotten when the kernel forgets it", "[explain]") {
    Told told;
    CHECK(told.open() == "spa_accepted grant_active");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{119}) == "again");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{121}) == "no_grant");
}

TEST_CASE("answers to what the gateway sent are not queued", "[explain]") {
    Told told;
    CHECK(told.tell(udp(us, them, 5353, 53)) == "outgoing");
    CHECK(told.tell(udp(them, us, 53, 5353)) == "established");
    CHECK(told.tell(udp(them, us, 53, 5354)) == "no_service");
    CHECK(told.tell(ip(us, them, 1, icmp_message(8, 9))) == "outgoing");
    CHECK(told.tell(ip(them, us, 1, icmp_message(0, 9))) == "established");
    CHECK(told.tell(ip(them, us, 1, icmp_message(0, 10))) == "invalid");
    CHECK(told.tell(ip(them, us, 1, icmp_message(8, 9))) == "no_service");
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(128, 9))) == "no_service");
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(129, 9))) == "invalid");
}

TEST_CASE("an ICMP error is related where it is about a known connection, and invalid elsewhere", "[explain]") {
    Told told;
    const Packet sent = udp(us, them, 5353, 53);
    CHECK(told.tell(sent) == "outgoing");
    const Packet beginning{sent.begin(), sent.begin() + 28};
    CHECK(told.tell(ip("203.0.113.9", us, 1, icmp_message(3, 0, beginning))) == "related");
    const Packet other = udp(us, them, 5354, 53);
    CHECK(told.tell(ip("203.0.113.9", us, 1, icmp_message(3, 0, {other.begin(), other.begin() + 28}))) == "invalid");
    CHECK(told.tell(ip("203.0.113.9", us, 1, icmp_message(5, 0, beginning))) == "no_service");  // a redirect
    const Packet sent6 = tcp(us6, them6, 40000, 80, syn);
    CHECK(told.tell(sent6) == "outgoing");
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(1, 0, {sent6.begin(), sent6.begin() + 48}))) == "related");
}

TEST_CASE("essentials and break-glass pass, and only they", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.gateway.break_glass = {parse_prefix("203.0.113.0/24").value()};
    told.world.use(std::move(policy));
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(135, 0, Packet(16)), 255)) == "nd");
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(135, 0, Packet(16)), 254)) == "no_service");
    CHECK(told.tell(ip("fe80::1", "ff02::16", 58, icmp_message(143, 0), 1)) == "mld");
    CHECK(told.tell(ip(them6, "ff02::16", 58, icmp_message(143, 0), 1)) == "no_service");
    CHECK(told.tell(ip(them, "224.0.0.22", 2, Packet(8), 1)) == "igmp");
    CHECK(told.tell(ip(them, "224.0.0.22", 2, Packet(8), 2)) == "other");
    CHECK(told.tell(udp(them, us, 67, 68)) == "dhcp");
    CHECK(told.tell(udp("fe80::1", "fe80::2", 547, 546)) == "dhcp");
    CHECK(told.tell(udp(them6, us6, 547, 546)) == "no_service");
    CHECK(told.tell(tcp("203.0.113.9", us, 40000, 22, syn)) == "break_glass");
    CHECK(told.tell(ip("203.0.113.9", us, 1, icmp_message(8, 9))) == "break_glass");
    CHECK(told.tell(tcp("203.0.113.9", "192.0.2.77", 40000, 22, syn)) == "no_service");
    CHECK(told.tell(tcp("203.0.113.9", us, 40000, 23, syn)) == "no_service");
}

TEST_CASE("what the kernel refuses, no rule sees", "[explain]") {
    Told told;
    Packet packet = tcp(them, us, 40000, 22, syn);
    packet[8] -= 1;  // one hop less, and the checksum of before
    CHECK(told.tell(packet) == "bad_header");
    CHECK(told.tell(Packet{0x45, 0, 0}) == "bad_header");
    CHECK(told.tell(tcp("ff02::1", us6, 40000, 22, syn)) == "bad_header");
    CHECK(told.tell(tcp("::1", us6, 40000, 22, syn)) == "bad_header");
    Packet cut_tcp = ip(them, us, 6, Packet(12));
    CHECK(told.tell(cut_tcp) == "invalid");
}
