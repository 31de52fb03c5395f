// Flow keys name the five fields of a flow and nothing else; their hashes depend on all of them and on the key.
#include "packet/flow.h"

#include <set>

#include "catch.h"
#include "packet/parse.h"

using namespace postern;

namespace {

constexpr SipKey key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

PacketView packet(const char* hex) {
    static std::vector<std::uint8_t> bytes;  // the view does not outlive the next call
    bytes = from_hex(hex).value();
    return parse(bytes);
}

FlowKey ssh_flow() { return {Transport::tcp, *parse_address("192.0.2.10"), *parse_address("198.51.100.1"), 40001, 22}; }

// The flow and five others, each different in one field.
std::vector<FlowKey> neighbours() {
    std::vector<FlowKey> flows(6, ssh_flow());
    flows[1].transport = Transport::udp;
    flows[2].source = *parse_address("192.0.2.11");
    flows[3].destination = *parse_address("198.51.100.2");
    flows[4].source_port = 40002;
    flows[5].destination_port = 23;
    return flows;
}

}  // namespace

TEST_CASE("a TCP segment gives its 5-tuple", "[packet]") {
    const FlowKey flow =
        flow_of(packet("450000280000000040060000c000020ac6336401"
                       "9c41001600000001000000005002200000000000"));
    CHECK(flow == ssh_flow());
}

TEST_CASE("sequence number, flags, payload and hop limit are not part of a flow", "[packet]") {
    const FlowKey flow =
        flow_of(packet("4500002a0000000001060000c000020ac6336401"
                       "9c4100160000000900000007501820000000000061ff"));
    CHECK(flow == ssh_flow());
}

TEST_CASE("a UDP datagram over IPv6 gives its 5-tuple", "[packet]") {
    const FlowKey flow =
        flow_of(packet("600000000008114020010db8000000000000000000000010"
                       "20010db8000000000000000000000001ea60ca6c00080000"));
    CHECK(flow == FlowKey{Transport::udp, *parse_address("2001:db8::10"), *parse_address("2001:db8::1"), 60000, 51820});
}

TEST_CASE("every field of a flow tells it from its neighbours", "[packet]") {
    const KeyedHash hash{key};
    std::set<FlowKey> flows;
    std::set<std::uint64_t> hashes;
    for (const FlowKey& flow : neighbours()) {
        flows.insert(flow);
        hashes.insert(hash(flow));
    }
    CHECK(flows.size() == 6);
    CHECK(hashes.size() == 6);
}

TEST_CASE("equal flows hash alike, and the two directions of one do not", "[packet]") {
    const KeyedHash hash{key};
    FlowKey back = ssh_flow();
    std::swap(back.source, back.destination);
    std::swap(back.source_port, back.destination_port);
    CHECK(hash(ssh_flow()) == hash(ssh_flow()));
    CHECK(hash(ssh_flow()) != hash(back));
}

TEST_CASE("an address hashes by family and bytes", "[packet]") {
    const KeyedHash hash{key};
    const IpAddress v4 = *parse_address("192.0.2.10");
    IpAddress same_bytes = v4;
    same_bytes.family = Family::v6;
    CHECK(hash(v4) == hash(*parse_address("192.0.2.10")));
    CHECK(hash(v4) != hash(*parse_address("192.0.2.11")));
    CHECK(hash(v4) != hash(same_bytes));
}

TEST_CASE("hashes follow SipHash over the documented bytes", "[packet]") {
    const auto bytes = from_hex("04c000020a000000000000000000000000").value();
    CHECK(KeyedHash{key}(*parse_address("192.0.2.10")) == siphash(key, bytes));
    const auto flow = from_hex(
                          "0104c000020a00000000000000000000000004c6336401000000000000000000000000"
                          "9c410016")
                          .value();
    CHECK(KeyedHash{key}(ssh_flow()) == siphash(key, flow));
}

TEST_CASE("another key gives another hash", "[packet]") {
    SipKey other = key;
    other[15] ^= 1;
    CHECK(KeyedHash{key}(ssh_flow()) != KeyedHash{other}(ssh_flow()));
    CHECK(KeyedHash{key}(ssh_flow().source) != KeyedHash{other}(ssh_flow().source));
}
