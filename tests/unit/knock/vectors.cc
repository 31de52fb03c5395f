// Sequences of an independent reference, used as static ones, and captures of the real knock client.
#include <algorithm>
#include <filesystem>
#include <set>

#include "catch.h"
#include "packet/parse.h"
#include "pcap.h"
#include "unit/knock/sample.h"
#include "vectors.h"

using namespace postern;
using namespace postern::knock;
using namespace postern::test;
using nlohmann::json;

namespace {

using Steps = std::vector<std::string>;

// Static sequences have 2 to 16 steps, no port zero and none twice.
bool fits(const json& ports) {
    const std::set<int> different(ports.begin(), ports.end());
    return ports.size() >= fewest_steps && ports.size() <= most_steps && different.size() == ports.size() &&
           !different.contains(0);
}

Steps steps_of(const json& ports) {
    Steps steps;
    for (const int port : ports) steps.push_back("tcp/" + std::to_string(port));
    return steps;
}

std::string step_text(const json& pair) {
    return pair.at(0).get<std::string>() + "/" + std::to_string(pair.at(1).get<int>());
}

}  // namespace

TEST_CASE("every reference sequence opens in its order, and in no other", "[knock]") {
    int used = 0;
    const json file = vectors("knock/sequences.json");
    for (const json& record : file.at("cases")) {
        if (!fits(record.at("ports"))) continue;
        INFO(record.at("id").get<std::string>());
        const Steps steps = steps_of(record.at("ports"));
        Door door{{sequence(steps)}};
        CHECK(door.walk(steps) == What::complete);
        Steps backwards{steps.rbegin(), steps.rend()};
        CHECK(door.walk(backwards) != What::complete);
        ++used;
    }
    CHECK(used > 50);
}

TEST_CASE("a reference sequence does not open the one of another window", "[knock]") {
    int used = 0;
    const json file = vectors("knock/windows.json");
    for (const json& record : file.at("cases")) {
        if (!fits(record.at("current")) || !record.at("previous").is_array() || !fits(record.at("previous"))) continue;
        INFO(record.at("id").get<std::string>());
        const Steps current = steps_of(record.at("current")), previous = steps_of(record.at("previous"));
        Door door{{sequence(current, 1), sequence(previous, 2)}};
        for (const auto& [steps, knock] : {std::pair{current, 1}, std::pair{previous, 2}}) {
            Outcome outcome;
            for (const std::string& step : steps) outcome = door.judge(hit(step));
            CHECK(outcome.what == What::complete);
            CHECK(static_cast<int>(outcome.sequence->id.knock) == knock);
        }
        ++used;
    }
    CHECK(used > 5);
}

TEST_CASE("every capture of the real knock client opens its sequence once", "[knock]") {
    int used = 0;
    for (const auto& entry : std::filesystem::directory_iterator{POSTERN_VECTORS "/pcap"}) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() != ".json" || !name.starts_with("knock_")) continue;
        INFO(name);
        Steps steps;
        const json file = vectors("pcap/" + name + ".json");
        for (const json& pair : file.at("sequence")) steps.push_back(step_text(pair));
        Door door{{sequence(steps)}};
        int opened = 0;
        for (const Packet& packet : read_pcap(POSTERN_VECTORS "/pcap/" + name + ".pcap"))
            opened += door.judge(parse(packet)).what == What::complete;
        CHECK(opened == 1);
        ++used;
    }
    CHECK(used == 10);
}

TEST_CASE("no capture of a scan opens a sequence of the real client's captures", "[knock]") {
    for (const auto& entry : std::filesystem::directory_iterator{POSTERN_VECTORS "/pcap"}) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() != ".pcap" || !name.starts_with("nmap_")) continue;
        INFO(name);
        Door door{
            {sequence({"tcp/7000", "tcp/9000", "tcp/8000"}, 1), sequence({"tcp/7000", "udp/8000", "tcp/9000"}, 2)}};
        for (const Packet& packet : read_pcap(entry.path().string()))
            CHECK(door.judge(parse(packet)).what != What::complete);
    }
}
