// Captures through a policy: what they open, what they do not, and what the explainer says of time and of missing keys.
#include <filesystem>
#include <map>

#include "capture/file.h"
#include "catch.h"
#include "explain/advice.h"
#include "explain/report.h"
#include "manual_page.h"
#include "unit/explain/packets.h"
#include "unit/packet/corpus.h"

using namespace postern;
using namespace postern::test;
using nlohmann::json;
using std::chrono::seconds;

namespace {

// The words of a whole capture, read through libpcap.
explain::Sums sums_of(const std::string& file, Told& told) {
    auto capture = capture::File::open(file).value();
    explain::Sums sums;
    for (auto record = capture.next().value(); record; record = capture.next().value())
        sums.count(told.explain(explain::Frame{record->time, record->found.packet, record->length}));
    return sums;
}

std::uint64_t total(const explain::Sums::ByWord& words) {
    std::uint64_t sum = 0;
    for (const auto& [word, count] : words) sum += count;
    return sum;
}

}  // namespace

TEST_CASE("every capture of the corpus: nothing opens, and the sums are the packets of the file", "[explain]") {
    std::uint64_t all = 0;
    for (const Capture& capture : corpus()) {
        INFO(capture.name);
        Told told;
        told.setting.local.clear();
        const explain::Sums sums = sums_of(POSTERN_VECTORS "/pcap/" + capture.name + ".pcap", told);
        all += sums.packets();
        CHECK(sums.packets() == capture.packets.size());
        std::uint64_t by_kind = 0, by_source = total(sums.elsewhere());
        for (const auto kind : {explain::Kind::verdict, explain::Kind::not_queued, explain::Kind::unjudged})
            by_kind += total(sums.of(kind));
        for (const auto& [source, words] : sums.sources()) by_source += total(words);
        CHECK(by_kind == sums.packets());
        CHECK(by_source == sums.packets());
        for (const char* word : {"spa_accepted", "spa_again", "grant_active", "flow_again"})
            CHECK_FALSE(sums.of(explain::Kind::verdict).contains(word));
    }
    CHECK(all == 3818);
}

TEST_CASE("the captures of real knock clients open what they should, once, and for nobody else", "[explain]") {
    int opened = 0;
    for (const auto& entry : std::filesystem::directory_iterator{POSTERN_VECTORS "/pcap"}) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() != ".json" || name.find("knock_") == std::string::npos) continue;
        INFO(name);
        const json told_of = vectors("pcap/" + name + ".json");
        std::vector<std::string> steps;
        for (const json& step : told_of.value("sequence", json::array()))
            steps.push_back(step[0].get<std::string>() + "/" + std::to_string(step[1].get<int>()));
        for (const json& port : told_of.value("ports", json::array()))
            steps.push_back("tcp/" + std::to_string(port.get<int>()));
        Told told;
        Policy policy = told.world.draft();
        policy.knocks = {told.world.knock("office", steps, "ssh")};
        policy.knocks[0].opening.deadline = std::chrono::minutes{10};
        told.world.use(std::move(policy));
        told.setting.local.clear();
        const explain::Sums sums = sums_of(POSTERN_VECTORS "/pcap/" + name + ".pcap", told);
        const auto& verdicts = sums.of(explain::Kind::verdict);
        REQUIRE(verdicts.contains("knock_opened"));
        CHECK(verdicts.at("knock_opened") == 1);
        CHECK(verdicts.at("knock_step") >= steps.size() - 1);  // a repeat behind the end begins anew
        CHECK(total(verdicts) == sums.packets());
        ++opened;
    }
    CHECK(opened == 16);
}

TEST_CASE("a closing sequence ends the connection that the opening one let in", "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    policy.knocks = {told.world.knock("office", {"tcp/7000", "tcp/8000"}, "ssh", {"tcp/9000", "tcp/7001"})};
    told.world.use(std::move(policy));
    CHECK(told.tell(tcp(them, us, 40000, 7000, syn)) == "knock_step");
    CHECK(told.tell(tcp(them, us, 40000, 8000, syn)) == "knock_opened");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "grant_active");
    CHECK(told.tell(tcp(us, them, 22, 40000, syn_ack)) == "outgoing");
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "established");
    CHECK(told.tell(tcp(them, us, 40000, 9000, syn)) == "knock_step");
    CHECK(told.explainer().take_ends().empty());
    CHECK(told.tell(tcp(them, us, 40000, 7001, syn)) == "knock_closed");
    REQUIRE(told.explainer().take_ends().size() == 1);
    CHECK(told.tell(tcp(them, us, 40000, 22, ack)) == "revoked");
}

TEST_CASE("a SYN behind its SPA opens; a replay and a second SYN do not", "[explain]") {
    Told told;
    const auto datagram = told.world.seal(told.world.alice, told.world.claims("ssh", told.world.home));
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, datagram)) == "spa_accepted");
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, datagram)) == "spa_replayed");
    const auto opened = told.explain(tcp(them, us, 40000, 22, syn));
    CHECK(opened.word() == "grant_active");
    CHECK(opened.event.decision.grant == GrantId{1});
    CHECK(opened.event.decision.client == told.world.policy().clients[0].id);
    CHECK(told.tell(tcp(them, us, 40001, 22, syn)) == "grant_used");
    CHECK(told.tell(udp("203.0.113.9", us, 5000, World::spa_port, datagram)) == "spa_replayed");
}

TEST_CASE("grants expire with the capture's own clock, and that is told once", "[explain]") {
    Told told;
    const auto datagram = told.world.seal(told.world.alice, told.world.claims("ssh", told.world.home));
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, datagram)) == "spa_accepted");
    CHECK(told.explainer().take_ends().empty());
    CHECK(told.tell(tcp(them, us, 40000, 22, syn), seconds{16}) == "grant_expired");
    const auto expired = told.explainer().take_ends();
    REQUIRE(expired.size() == 1);
    CHECK(json::parse(log::to_json(expired[0]))["postern"]["what"] == "expired");
    CHECK(told.explainer().take_ends().empty());
}

TEST_CASE("a capture whose clock steps back lets no grant live longer", "[explain]") {
    explain::Clock clock;
    const Instant first = clock.at(wall_time(1000)), back = clock.at(wall_time(900)), on = clock.at(wall_time(905));
    CHECK(back.steady == first.steady);
    CHECK(back.wall == wall_time(900));
    CHECK(on.steady == first.steady + seconds{5});
}

TEST_CASE("without a key that could have judged it, an SPA datagram is told apart and nothing is guessed",
          "[explain]") {
    Told told;
    Policy policy = told.world.draft();
    const auto sealed = told.world.seal(told.world.alice, told.world.claims("ssh", told.world.home));
    policy.gateway.keys.clear();
    for (Client& client : policy.clients) client.static_static.clear();
    told.world.use(std::move(policy));
    told.setting.gateway_key_missing = true;
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, sealed)) == "no_key");
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, Packet(20, 1))) == "spa_length");
    CHECK(told.tell(tcp(them, us, 40000, 22, syn)) == "no_grant");
}

TEST_CASE("without a client's preshared key its messages are not judged, those of others are", "[explain]") {
    Told told;
    const auto alices = told.world.seal(told.world.alice, told.world.claims("ssh", told.world.home));
    const auto bobs = told.world.seal(told.world.bob, told.world.claims("ssh", told.world.home));
    Policy policy = told.world.draft();
    policy.clients[0].psk = {};
    told.world.use(std::move(policy));
    told.setting.preshared_key_missing = true;
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, alices)) == "no_key");
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, alices)) == "no_key");  // and so is its copy
    CHECK(told.tell(udp(them, us, 5000, World::spa_port, bobs)) == "spa_accepted");
}

TEST_CASE("what a capture cut off does not hide headers, and a message that is not whole is not judged", "[explain]") {
    Told told;
    const Packet datagram = udp(them, us, 5000, World::spa_port);
    const Packet begun{datagram.begin(), datagram.begin() + 60};
    CHECK(told.explain(explain::Frame{told.world.now().wall, begun, datagram.size()}).word() == "cut");
    const Packet stream = ip(them, us, 6, tcp_header(40000, 22, ack) + Packet(1000));
    const Packet headers{stream.begin(), stream.begin() + 40};
    CHECK(told.explain(explain::Frame{told.world.now().wall, headers, stream.size()}).word() == "not_syn");
}

TEST_CASE("frames that never reach the rules are told by their way", "[explain]") {
    using Direction = explain::Frame::Direction;
    Told told;
    const Packet packet = tcp(them, us, 40000, 22, syn);
    const auto word = [&](Direction direction, Bytes bytes) {
        return std::string{told.explain(explain::Frame{told.world.now().wall, bytes, bytes.size(), direction}).word()};
    };
    CHECK(word(Direction::incoming, packet) == "no_grant");
    CHECK(word(Direction::outgoing, packet) == "outgoing");
    CHECK(word(Direction::other_host, packet) == "other_host");
    CHECK(word(Direction::loopback, packet) == "not_guarded");
    CHECK(word(Direction::incoming, {}) == "not_ip");
}

TEST_CASE("an explanation is a verdict line of the log with the packet's number", "[explain]") {
    Told told;
    const json judged = json::parse(explain::to_json(told.explain(tcp(them, us, 40000, 22, syn))));
    CHECK(judged["pcap_cnt"] == 1);
    CHECK(judged["event_type"] == "verdict");
    CHECK(judged["dest_port"] == 22);
    CHECK(judged["postern"]["reason"] == "no_grant");
    const std::string aside = explain::to_json(told.explain(tcp(them, us, 40000, 22, rst)));
    CHECK(json::parse(aside)["event_type"] == "not_queued");
    CHECK(json::parse(aside)["postern"] == json{{"v", 1}, {"reason", "invalid"}});
    CHECK(explain::to_text(aside).ends_with("198.51.100.7:40000 > 192.0.2.1:22 not_queued invalid"));
    CHECK(explain::to_text("no line").empty());
    CHECK(json::parse(explain::with_advice(judged.dump()))["postern"]["advice"] == explain::advice(Reason::no_grant));
}

TEST_CASE("every reason has a line of advice", "[explain]") {
    const std::string table = text_of("src/explain/advice.def");
    for (const auto& row : postern::detail::reason_rows) {
        INFO(row.word);
        CHECK(table.find("POSTERN_ADVICE(" + std::string{row.word} + ", \"") != std::string::npos);
    }
}

TEST_CASE("posternctl(8) has an item for every word that explain gives in place of a verdict", "[explain]") {
    const std::string whole = section(text_of("man/posternctl.8"), "COMMANDS FOR THE POLICY");
    const auto begin = whole.find("\n.Ss explain\n");
    REQUIRE(begin != std::string::npos);
    const std::string page = whole.substr(begin, whole.find("\n.Ss ", begin + 1) - begin);
    Words words;
    for (const auto& row : explain::detail::aside_rows) words.insert(std::string{row.word});
    CHECK(found(page, R"(\n\.It Li (\w+)\n)") == words);
}
