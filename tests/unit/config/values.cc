// Which texts are a value of which type, and which are not.
#include "config/values.h"

#include "catch.h"

namespace postern::config {
namespace {

using namespace std::chrono_literals;

Value written(std::string text, std::string_view range) { return {std::move(text), {}, range}; }

TEST_CASE("a duration is a number and one unit", "[config]") {
    CHECK(duration("15s") == 15s);
    CHECK(duration("2m") == 2min);
    CHECK(duration("12h") == 12h);
    CHECK(duration("0s") == 0s);
    for (const auto* text : {"", "s", "15", "15 s", "-1s", "1.5s", "1h30m", "15S", "15ms", "+1s", "99999999h", "1d"}) {
        INFO(text);
        CHECK_FALSE(duration(text));
    }
}

TEST_CASE("ports name a transport, or mean TCP", "[config]") {
    CHECK(ports("22") == TransportPorts{Transport::tcp, {22, 22}});
    CHECK(ports("tcp/22") == TransportPorts{Transport::tcp, {22, 22}});
    CHECK(ports("tcp/8000-8010") == TransportPorts{Transport::tcp, {8000, 8010}});
    CHECK(ports("udp/1-65535") == TransportPorts{Transport::udp, {1, 65535}});
    CHECK(ports("8000-8000") == TransportPorts{Transport::tcp, {8000, 8000}});
    for (const auto* text : {"", "22-", "-22", "tcp/", "/22", "tcp", "tcp/0", "tcp/65536", "tcp/4294967318", "icmp/8",
                             "TCP/22", "tcp/9-8", "tcp/22/", "tcp/ 22", "tcp/22-23-24", "0x16", "+22"}) {
        INFO(text);
        CHECK_FALSE(ports(text));
    }
    CHECK(udp_ports("udp/62201") == PortRange{62201, 62201});
    CHECK_FALSE(udp_ports("tcp/62201"));
    CHECK_FALSE(udp_ports("62201"));
}

TEST_CASE("a date is its first instant in UTC", "[config]") {
    CHECK(date("1970-01-01") == wall_time(0));
    CHECK(date("2027-06-30") == wall_time(1814313600));
    CHECK(date("2028-02-29") == wall_time(1835395200));
    for (const auto* text : {"", "2027-02-29", "2027-13-01", "2027-00-10", "2027-6-30", "30.06.2027", "2027-06-31",
                             "2027-06-30T00:00Z", "1969-12-31", "9999-01-01", "2027/06/30", "+027-06-30"}) {
        INFO(text);
        CHECK_FALSE(date(text));
    }
}

TEST_CASE("a mark mask is one run of at least eight ones", "[config]") {
    CHECK(mark_mask("0xff000000")->mask == 0xff000000);
    CHECK(mark_mask("0xFF")->mask == 0xff);
    CHECK(mark_mask("0xffffffff")->mask == 0xffffffff);
    CHECK(mark_mask("0x0001fe00")->mask == 0x1fe00);
    for (const auto* text : {"", "0x", "0x0", "0x7f000000", "0xff00ff00", "0x1ff00000000", "ff000000", "4278190080",
                             "0xfg000000", "0x-1", "0x1fd"}) {
        INFO(text);
        CHECK_FALSE(mark_mask(text));
    }
}

TEST_CASE("an interface name may end in a star and never matches the loopback", "[config]") {
    for (const auto* text : {"wan0", "ppp*", "eth0.100", "br-lan", "lan*", "lo0", "w*", "fifteen-letters"}) {
        INFO(text);
        CHECK(interface_name(text) == text);
    }
    for (const auto* text :
         {"", "lo", "lo*", "l*", "*", "wan*0", "wan 0", "wan/0", "eth0:1", ".", "..", "wan0+", "sixteen-letters-"}) {
        INFO(text);
        CHECK_FALSE(interface_name(text));
    }
}

TEST_CASE("a gateway name is canonical", "[config]") {
    CHECK(host_name("gw1.example.net") == "gw1.example.net");
    CHECK(host_name(std::string(253, 'a')));
    CHECK_FALSE(host_name(std::string(254, 'a')));
    for (const auto* text : {"", "gw1.example.net.", "GW1", "gw_1", "gw 1", "g\xc3\xbc"}) {
        INFO(text);
        CHECK_FALSE(host_name(text));
    }
}

TEST_CASE("names of services and clients can stand in files and logs", "[config]") {
    CHECK(word_name("ssh") == "ssh");
    CHECK(word_name("Alice-2.phone_old") == "Alice-2.phone_old");
    CHECK(word_name(std::string(63, 'a')));
    CHECK_FALSE(word_name(std::string(64, 'a')));
    for (const auto* text : {"", ".ssh", "-ssh", "_ssh", "a b", "a/b", "a\nb", "\"a\""}) {
        INFO(text);
        CHECK_FALSE(word_name(text));
    }
}

TEST_CASE("a range includes both ends", "[config]") {
    CHECK(within(duration, written("1s", "1s to 5m")) == 1s);
    CHECK(within(duration, written("300s", "1s to 5m")) == 5min);
    CHECK_FALSE(within(duration, written("301s", "1s to 5m")));
    CHECK_FALSE(within(duration, written("0s", "1s to 5m")));
    CHECK(within(number, written("64", "1 to 64")) == 64u);
    CHECK_FALSE(within(number, written("0", "1 to 64")));
    CHECK_FALSE(within(number, written("65", "1 to 64")));
}

TEST_CASE("a word is one of its range, spelled alike", "[config]") {
    CHECK(word_index(written("auto", "auto | nftables | iptables")) == 0u);
    CHECK(word_index(written("iptables", "auto | nftables | iptables")) == 2u);
    CHECK(word_index(written("drop", "drop")) == 0u);
    for (const auto* text : {"", "nft", "Auto", "auto | nftables", "|"}) {
        INFO(text);
        CHECK_FALSE(word_index(written(text, "auto | nftables | iptables")));
    }
}

}  // namespace
TEST_CASE("a target is an address of a host and a port", "[config]") {
    CHECK(target("10.0.0.7:443") == ForwardTarget{*parse_address("10.0.0.7"), 443});
    CHECK(target("[2001:db8::7]:80") == ForwardTarget{*parse_address("2001:db8::7"), 80});
    for (const char* wrong :
         {"10.0.0.7", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536", "2001:db8::7:80", "[10.0.0.7]:80", "[2001:db8::7]",
          "127.0.0.1:80", "0.0.0.0:80", "224.0.0.1:80", "255.255.255.255:80", "[::1]:80", "[::]:80", "[ff02::1]:80",
          "[fe80::1]:80", "host:80", ":80", ""})
        CHECK_FALSE(target(wrong));
}

TEST_CASE("what is open is a port, a type of ICMP in every family that has it, or a bare protocol", "[config]") {
    using Matches = std::vector<OpenMatch>;
    CHECK(open_match("tcp/443") == Matches{{6, {}, PortRange{443, 443}, {}}});
    CHECK(open_match("udp/500-510") == Matches{{17, {}, PortRange{500, 510}, {}}});
    CHECK(open_match("icmp/echo-request") ==
          Matches{{1, Family::v4, {}, std::uint8_t{8}}, {58, Family::v6, {}, std::uint8_t{128}}});
    CHECK(open_match("icmpv6/echo-request") == Matches{{58, Family::v6, {}, std::uint8_t{128}}});
    CHECK(open_match("icmp/timestamp-request") == Matches{{1, Family::v4, {}, std::uint8_t{13}}});
    CHECK(open_match("icmp/packet-too-big") == Matches{{58, Family::v6, {}, std::uint8_t{2}}});
    CHECK(open_match("icmp/8") == Matches{{1, Family::v4, {}, std::uint8_t{8}}});
    CHECK(open_match("icmpv6/134") == Matches{{58, Family::v6, {}, std::uint8_t{134}}});
    CHECK(open_match("icmp") == Matches{{1, Family::v4, {}, {}}});
    CHECK(open_match("esp") == Matches{{50, {}, {}, {}}});
    CHECK(open_match("proto/112") == Matches{{112, {}, {}, {}}});
    for (const char* wrong : {"tcp", "tcp/0", "icmp/256", "icmp/ping", "icmpv6/timestamp-request", "proto/0", "proto/6",
                              "proto/17", "proto/1", "proto/58", "proto/255", "proto/", "sctp/1", "/", ""})
        CHECK_FALSE(open_match(wrong));
}

}  // namespace postern::config
