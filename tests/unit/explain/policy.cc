// What a policy lets by, forwards and ends, told from a capture alone.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "explain/report.h"
#include "unit/explain/packets.h"

using namespace postern;
using namespace postern::test;
using nlohmann::json;
using std::chrono::seconds;

namespace {

Open open(std::vector<OpenMatch> matches, std::vector<Prefix> from = {}, std::vector<Prefix> to = {}) {
    return {std::move(matches), std::move(from), std::move(to)};
}

const OpenMatch web{6, {}, PortRange{80, 80}, {}}, echo{1, Family::v4, {}, std::uint8_t{8}},
    echo6{58, Family::v6, {}, std::uint8_t{128}}, esp{50, {}, {}, {}};
const std::string stranger = "203.0.113.9", behind = "10.9.1.7";

// The ends since the last call, one word each.
std::vector<std::string> ends(Told& told) {
    std::vector<std::string> words;
    for (const log::Event& event : told.explainer().take_ends())
        words.push_back(json::parse(log::to_json(event))["postern"]["what"]);
    return words;
}

// A connection of alice's whose client and server have spoken.
void talk(Told& told) {
    CHECK(told.open() == "spa_accepted grant_active");
    CHECK(told.tell(tcp(us, them, 22, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "established");
}

}  // namespace

TEST_CASE("what `open` names goes by: to the gateway, groups and broadcast, from where it says", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.gateway.open = {open({echo, echo6}), open({web}, {parse_prefix("198.51.100.0/24").value()}), open({esp}),
                           open({web}, {}, {parse_prefix(behind).value()})};
    told.world.use(std::move(policy));
    CHECK(told.tell(ip(stranger, us, 1, icmp_message(8, 9))) == "open");
    CHECK(told.tell(ip(them6, us6, 58, icmp_message(128, 9))) == "open");
    CHECK(told.tell(ip(stranger, us, 1, icmp_message(13, 9))) == "no_service");
    CHECK(told.tell(tcp(them, us, 40000, 80, syn)) == "open");
    CHECK(told.tell(tcp(us, them, 80, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 80, ack)) == "established");
    CHECK(told.tell(tcp(them, us, 40000, 81, syn)) == "no_service");
    CHECK(told.tell(udp(them, us, 40000, 80)) == "no_service");
    CHECK(told.tell(tcp(stranger, us, 40000, 80, syn)) == "no_service");
    CHECK(told.tell(tcp(stranger, behind, 40000, 80, syn)) == "open");
    CHECK(told.tell(ip(stranger, us, 50, Packet(16))) == "open");
    CHECK(told.tell(ip(stranger, "224.0.0.18", 50, Packet(16))) == "open");
    CHECK(told.tell(ip(stranger, "255.255.255.255", 50, Packet(16))) == "open");
    CHECK(told.tell(ip(stranger, behind, 50, Packet(16))) == "other");  // routed: not the gateway's own
}

TEST_CASE("unmatched: pass leaves the rest alone and keeps services, SPA and knocks", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.gateway.unmatched = Unmatched::pass;
    policy.knocks = {told.world.knock("office", {"tcp/7000", "icmp/echo-request"}, "ssh")};
    policy.services[1].to = {parse_prefix(behind).value()};
    told.world.use(std::move(policy));
    CHECK(told.tell(tcp(stranger, us, 40000, 8080, syn)) == "unmatched");
    CHECK(told.tell(tcp(stranger, us, 40000, 8080, syn)) == "unmatched");  // and so is its repeat: no mark of ours
    CHECK(told.tell(tcp(us, stranger, 8080, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(stranger, us, 40000, 8080, ack)) == "established");
    CHECK(told.tell(ip(stranger, us, 47, Packet(16))) == "unmatched");
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn)) == "no_grant");
    CHECK(told.tell(tcp(stranger, us, 40001, 22, ack)) == "not_syn");
    CHECK(told.tell(udp(stranger, us, 40000, World::spa_port, Packet(20))) == "spa_length");
    CHECK(told.tell(tcp(stranger, us, 40000, World::web_port, syn)) == "unmatched");
    CHECK(told.tell(tcp(stranger, behind, 40000, World::web_port, syn)) == "no_grant");
    CHECK(told.tell(udp(stranger, behind, 40000, World::spa_port, Packet(20))) == "unmatched");
    CHECK(told.tell(tcp(them, us, 40000, 7000, syn)) == "knock_step");
    CHECK(told.tell(ip(them, us, 1, icmp_message(8, 9))) == "knock_opened");
    CHECK(told.tell(ip(them, behind, 1, icmp_message(8, 9))) == "unmatched");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "grant_active");
}

TEST_CASE("what came out of IPsec passes, unless it is judged", "[explain]") {
    for (const Ipsec ipsec : {Ipsec::pass, Ipsec::judge}) {
        Told told;
        told.setting.ipsec = {parse_prefix("10.8.0.0/16").value()};
        Policy policy = told.world.draft();
        policy.gateway.ipsec = ipsec;
        told.world.use(std::move(policy));
        CHECK(told.tell(tcp("10.8.0.5", us, 40000, 22, syn)) == (ipsec == Ipsec::pass ? "ipsec" : "no_grant"));
        CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "no_grant");
        CHECK(told.tell(ip(them, us, 50, Packet(16))) == "other");  // ESP itself wants `open`
    }
}

TEST_CASE("forwarded services let in as if the rules of the policy had been applied", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.services[0].forward_to = {{address(behind), 2222}};
    policy.services[0].mark = Mark::none;
    told.world.use(std::move(policy));
    CHECK(told.open() == "spa_accepted grant_active");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "again");
    CHECK(told.tell(tcp(us, them, 22, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40001, 22, syn)) == "grant_used");
    CHECK(told.tell(tcp(them6, us6, 40000, 22, syn)) == "no_service");  // no target of that family
}

TEST_CASE("where the rules observe, what was refused goes on, and says so", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.gateway.observe = true;
    told.world.use(std::move(policy));
    const auto refused = told.explain(tcp(stranger, us, 40000, 22, syn));
    CHECK(refused.word() == "no_grant");
    CHECK(json::parse(explain::to_json(refused))["postern"]["observe"] == true);
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn)) == "again");
    CHECK(told.tell(tcp(us, stranger, 22, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(stranger, us, 40000, 22, ack)) == "established");
}

TEST_CASE("a dhcp reply to somebody else is judged, and leaves no state", "[explain]") {
    Told told;
    CHECK(told.tell(udp(them, "255.255.255.255", 67, 68)) == "dhcp");
    CHECK(told.tell(udp(them, behind, 67, 68)) == "no_service");
    CHECK(told.tell(udp(behind, them, 68, 67)) == "no_service");
}

TEST_CASE("what hosts behind the gateway send is not judged, whatever the frame says of its way", "[explain]") {
    using Direction = explain::Frame::Direction;
    Told told;
    told.setting.behind = {parse_prefix("10.9.0.0/16").value()};
    const auto word = [&](const Packet& packet, Direction direction) {
        return std::string{told.explain({told.world.now().wall, packet, packet.size(), direction}).word()};
    };
    CHECK(word(tcp(behind, them, 40000, 443, syn), Direction::incoming) == "not_guarded");
    CHECK(word(tcp(behind, them, 40000, 443, syn), Direction::outgoing) == "outgoing");
    CHECK(word(tcp(them, behind, 443, 40000, syn_ack), Direction::incoming) == "established");
    CHECK(word(tcp(behind, them, 40001, 443, syn), Direction::unknown) == "outgoing");
    CHECK(word(tcp(them, behind, 443, 40001, syn_ack), Direction::unknown) == "established");
    CHECK(word(tcp(them, behind, 443, 40002, syn_ack), Direction::unknown) == "invalid");
    told.setting.local.clear();
    Told anywhere;
    anywhere.setting = told.setting;
    CHECK(anywhere.tell(tcp(them, behind, 40000, 22, syn)) == "no_service");
    CHECK(anywhere.tell(tcp(them, us, 40000, 22, syn)) == "no_grant");
}

TEST_CASE("session_max ends a flow with the capture's clock, at its next packet whoever sends it", "[explain]") {
    for (const bool server : {false, true}) {
        Told told;
        Policy policy = told.world.draft();
        policy.grants.session_max = seconds{60};
        told.world.use(std::move(policy));
        talk(told);
        CHECK(told.tell(tcp(them, us, 40000, 22, ack), seconds{59}) == "established");
        CHECK(ends(told) == std::vector<std::string>{});
        const Packet next = server ? tcp(us, them, 22, 40000, ack) : tcp(them, us, 40000, 22, ack);
        CHECK(told.tell(next, seconds{1}) == (server ? "outgoing" : "revoked"));
        CHECK(ends(told) == std::vector<std::string>{"session_max"});
        CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "revoked");
        CHECK(told.tell(tcp(them, us, 40001, 22, syn)) == "grant_used");
    }
}

TEST_CASE("a flow whose time is over is told of while it is silent, and a UDP flow's next datagram is dropped",
          "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.grants.session_max = seconds{20};
    told.world.use(std::move(policy));
    const auto datagram = told.world.seal(told.world.alice, told.world.claims("vpn", told.world.home));
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, datagram)) == "spa_accepted");
    CHECK(told.tell(udp(them, us, 40000, World::vpn_port)) == "grant_active");
    CHECK(told.tell(udp(them, us, 40000, World::vpn_port)) == "again");
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn), seconds{21}) == "no_grant");
    CHECK(ends(told) == std::vector<std::string>{"session_max"});
    CHECK(told.tell(udp(them, us, 40000, World::vpn_port)) == "revoked");
    CHECK(told.tell(udp(them, us, 40000, World::vpn_port), seconds{29}) == "revoked");
}

TEST_CASE("a client's `expires` ends what they let in, and refuses their next message", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.clients[0].expires = told.world.now().wall + seconds{30};
    told.world.use(std::move(policy));
    talk(told);
    CHECK(told.tell(tcp(them, us, 40000, 22, ack), seconds{31}) == "revoked");
    CHECK(ends(told) == std::vector<std::string>{"client_expired"});
    CHECK(told.open(40001) == "spa_expired grant_withdrawn");
}

TEST_CASE("a flow is closed when the kernel has forgotten its connection, and then no time of it ends", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.grants.session_max = std::chrono::hours{1};
    told.world.use(std::move(policy));
    talk(told);
    CHECK(told.tell(tcp(us, them, 22, 40000, rst_ack)) == "outgoing");
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn), seconds{9}) == "no_grant");
    CHECK(ends(told) == std::vector<std::string>{});
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn), seconds{2}) == "no_grant");
    CHECK(ends(told) == std::vector<std::string>{"closed"});
    CHECK(told.tell(tcp(stranger, us, 40000, 22, syn), std::chrono::hours{2}) == "no_grant");
    CHECK(ends(told) == std::vector<std::string>{});
}
