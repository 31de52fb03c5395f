// The parser against the expectations that an independent one wrote for every capture (tests/vectors/pcap/README.md).
#include <functional>
#include <map>
#include <set>

#include "catch.h"
#include "packet/parse.h"
#include "unit/packet/corpus.h"

using namespace postern;
using nlohmann::json;
using test::Capture;
using test::Packet;

namespace {

const std::map<std::string, Transport> transports{{"tcp", Transport::tcp},    {"udp", Transport::udp},
                                                  {"icmp", Transport::icmp},  {"icmpv6", Transport::icmpv6},
                                                  {"sctp", Transport::sctp},  {"udplite", Transport::udplite},
                                                  {"other", Transport::other}};

struct Parsed {
    const Packet& packet;
    PacketView view;
};

json fragment_of(const PacketView& view) {
    return {{"offset", view.fragment_offset}, {"more", view.more_fragments}, {"id", view.fragment_id}};
}

// Where the view keeps what an expectation names.
const std::map<std::string, std::function<bool(const Parsed&, const json&)>> fields{
    {"family", [](const Parsed& p, const json& e) { return static_cast<int>(p.view.family) == e; }},
    {"src", [](const Parsed& p, const json& e) { return parse_address(e.get<std::string>()) == p.view.source; }},
    {"dst", [](const Parsed& p, const json& e) { return parse_address(e.get<std::string>()) == p.view.destination; }},
    {"ttl", [](const Parsed& p, const json& e) { return p.view.hop_limit == e; }},
    {"proto", [](const Parsed& p, const json& e) { return p.view.protocol == e; }},
    {"header_len", [](const Parsed& p, const json& e) { return p.view.header_length == e; }},
    {"l4_offset", [](const Parsed& p, const json& e) { return p.view.header_length == e; }},
    {"fragment", [](const Parsed& p, const json& e) { return p.view.fragmented && fragment_of(p.view) == e; }},
    {"atomic", [](const Parsed& p, const json& e) { return p.view.fragmented == e; }},
    {"l4", [](const Parsed& p, const json& e) { return p.view.transport == transports.at(e.get<std::string>()); }},
    {"sport", [](const Parsed& p, const json& e) { return p.view.source_port == e; }},
    {"dport", [](const Parsed& p, const json& e) { return p.view.destination_port == e; }},
    {"seq", [](const Parsed& p, const json& e) { return p.view.sequence == e; }},
    {"ack", [](const Parsed& p, const json& e) { return p.view.acknowledgement == e; }},
    {"tcp_flags", [](const Parsed& p, const json& e) { return p.view.tcp_flags == e; }},
    {"icmp_type", [](const Parsed& p, const json& e) { return p.view.icmp_type == e; }},
    {"icmp_code", [](const Parsed& p, const json& e) { return p.view.icmp_code == e; }},
    {"payload_offset", [](const Parsed& p, const json& e) { return p.view.payload.data() - p.packet.data() == e; }},
    {"payload_len", [](const Parsed& p, const json& e) { return p.view.payload.size() == e; }},
    {"trailing", [](const Parsed& p, const json& e) { return p.view.trailing == e; }},
};

// Recorded by the reference; postern has no use for them.
const std::set<std::string> unread{"ip_id", "ip_checksum_ok", "ext", "tcp_reserved", "window"};

void check_fields(const Parsed& parsed, const json& expect) {
    for (const auto& [name, value] : expect.items()) {
        if (unread.count(name) != 0) continue;
        INFO("field " << name << ", expected " << value);
        REQUIRE(fields.count(name) == 1);
        CHECK(fields.at(name)(parsed, value));
    }
}

// What an expectation leaves out must be absent from the view as well.
void check_absences(const PacketView& view, const json& expect) {
    if (!expect.contains("l4")) CHECK(view.transport == Transport::none);
    if (!expect.contains("fragment")) CHECK((view.fragment_offset == 0 && !view.more_fragments));
    if (!expect.contains("fragment") && !expect.contains("atomic")) CHECK_FALSE(view.fragmented);
    if (!expect.contains("sport")) CHECK((view.source_port == 0 && view.destination_port == 0));
    if (!expect.contains("tcp_flags")) CHECK((view.sequence == 0 && view.tcp_flags == 0));
    if (!expect.contains("icmp_type")) CHECK((view.icmp_type == 0 && view.icmp_code == 0));
    CHECK_FALSE(view.local);
}

void check_packet(const Packet& packet, const json& expect) {
    const Parsed parsed{packet, parse(packet)};
    REQUIRE(parsed.view.malformed == expect.contains("malformed"));
    if (parsed.view.malformed) {  // only the refusal is binding
        CHECK(parsed.view.transport == Transport::none);
        CHECK(parsed.view.payload.empty());
        return;
    }
    check_fields(parsed, expect);
    check_absences(parsed.view, expect);
}

}  // namespace

TEST_CASE("every packet of every capture parses as expected", "[packet]") {
    std::size_t seen = 0;
    for (const Capture& capture : test::corpus()) {
        REQUIRE(capture.packets.size() == capture.expectations.size());
        for (std::size_t i = 0; i < capture.packets.size(); ++i, ++seen) {
            INFO(capture.name << " #" << i << ' ' << capture.expectations[i].at("id"));
            check_packet(capture.packets[i], capture.expectations[i].at("expect"));
        }
    }
    CHECK(test::corpus().size() == 68);
    CHECK(seen == 3818);  // the sum of the README's records column
}

TEST_CASE("every kind of fault and of transport occurs in the captures", "[packet]") {
    std::set<std::string> faults;
    std::set<std::string> kinds;
    for (const Capture& capture : test::corpus())
        for (const json& packet : capture.expectations) {
            const json& expect = packet.at("expect");
            if (expect.contains("malformed")) faults.insert(expect.at("malformed").get<std::string>());
            if (expect.contains("l4")) kinds.insert(expect.at("l4").get<std::string>());
        }
    CHECK(faults.size() == 27);
    CHECK(kinds.size() == transports.size());
}
