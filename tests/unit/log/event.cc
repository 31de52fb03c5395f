// What a line looks like, and that the shipped schema describes every line there is.
#include "log/event.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "unit/log/samples.h"
#include "unit/log/schema.h"

using namespace postern;
using namespace postern::log;
using namespace postern::test;
using nlohmann::json;

namespace {

Schema shipped_schema() {
    std::ifstream file{POSTERN_SOURCE_DIR "/config/postern-log.schema.json"};
    return Schema(json::parse(file));
}

// The line with one member changed, or taken out where the value is discarded.
json changed(const Event& event, const char* pointer, const json& value) {
    json line = json::parse(to_json(event));
    const json::json_pointer place{pointer};
    if (value.is_discarded())
        line[place.parent_pointer()].erase(place.back());
    else
        line[place] = value;
    return line;
}

}  // namespace

TEST_CASE("a verdict line, in the order in which a person reads it", "[log]") {
    Event event = sample_event(EventType::verdict);
    event.time += std::chrono::nanoseconds{1999};
    event.queue = 1;
    event.decision.reason = Reason::spa_accepted;
    event.decision.attempt.fill(0x0b);
    event.decision.offset = std::chrono::milliseconds{-1200};
    event.decision.unbound = true;
    CHECK(to_json(event) ==
          R"({"timestamp":"2026-11-21T09:00:00.000001Z","event_type":"verdict","src_ip":"198.51.100.7",)"
          R"("src_port":40000,"dest_ip":"192.0.2.1","dest_port":22,"proto":"TCP","postern":{"v":1,"verdict":"drop",)"
          R"("reason":"spa_accepted","client":"alice","service":"ssh","grant":42,"format":"postern",)"
          R"("attempt":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","skew_ms":-1200,"unbound":true,"queue":1}})");
}

TEST_CASE("a step of a knock has its scheme and how many steps are taken", "[log]") {
    Event event = sample_event(EventType::verdict);
    event.queue = 0;
    event.decision = {.reason = Reason::knock_step, .client = office, .stage = 2};
    CHECK(json::parse(to_json(event))["postern"] == json{{"v", 1},
                                                         {"verdict", "drop"},
                                                         {"reason", "knock_step"},
                                                         {"client", "office"},
                                                         {"scheme", "static"},
                                                         {"stage", 2},
                                                         {"queue", 0}});
    event.policy = nullptr;
    CHECK_FALSE(json::parse(to_json(event))["postern"].contains("scheme"));
}

TEST_CASE("an ICMP packet has type and code in place of ports", "[log]") {
    Event event = sample_event(EventType::verdict);
    event.packet = names_of(sample_packet(Transport::icmpv6, 58));
    const json line = json::parse(to_json(event));
    CHECK(line["proto"] == "IPv6-ICMP");
    CHECK(line["icmp_type"] == 8);
    CHECK(line["icmp_code"] == 1);
    CHECK_FALSE(line.contains("src_port"));
}

TEST_CASE("a refusal of a stranger names nobody", "[log]") {
    Event event = sample_event(EventType::verdict);
    event.decision = {.reason = Reason::no_grant};
    event.queue = 0;
    CHECK(json::parse(to_json(event))["postern"] ==
          json{{"v", 1}, {"verdict", "drop"}, {"reason", "no_grant"}, {"queue", 0}});
}

TEST_CASE("repeats carry a count and, but for the overflow, a source", "[log]") {
    const std::vector<Event> events = samples_of_repeats();
    const json line = json::parse(to_json(events[0]));
    CHECK(line["src_ip"] == "2001:db8::7");
    CHECK(line["postern"]["count"] == 12345);
    CHECK_FALSE(line.contains("dest_ip"));
    CHECK_FALSE(json::parse(to_json(events[1])).contains("src_ip"));
}

TEST_CASE("foreign bytes in a name are escaped and break no line", "[log]") {
    Event event = sample_event(EventType::verdict);
    event.policy = sample_policy("a\"\n\x1b[31m\x7f\xff\xc3\xa9");
    const std::string line = to_json(event);
    for (const char c : line) CHECK((c >= 0x20 && c < 0x7f));
    CHECK(json::parse(line)["postern"]["client"] == "a\"\n\x1b[31m\x7f\xef\xbf\xbd\xc3\xa9");
}

TEST_CASE("every line there is satisfies the shipped schema", "[log]") {
    const Schema schema = shipped_schema();
    for (const Event& event : samples()) {
        const std::string line = to_json(event);
        INFO(line);
        CHECK(schema.accepts(json::parse(line)));
    }
}

TEST_CASE("the shipped schema refuses what is no line of ours", "[log]") {
    const Schema schema = shipped_schema();
    Event event = sample_event(EventType::verdict);
    event.queue = 0;
    const json gone = json::value_t::discarded;
    REQUIRE(schema.accepts(json::parse(to_json(event))));
    CHECK_FALSE(schema.accepts(changed(event, "/timestamp", "2026-11-21 09:00:00")));
    CHECK_FALSE(schema.accepts(changed(event, "/timestamp", gone)));
    CHECK_FALSE(schema.accepts(changed(event, "/event_type", "flow")));
    CHECK_FALSE(schema.accepts(changed(event, "/src_port", 65536)));
    CHECK_FALSE(schema.accepts(changed(event, "/payload", "x")));
    CHECK_FALSE(schema.accepts(changed(event, "/postern/v", 2)));
    CHECK_FALSE(schema.accepts(changed(event, "/postern/reason", "because")));
    CHECK_FALSE(schema.accepts(changed(event, "/postern/reason", gone)));
    CHECK_FALSE(schema.accepts(changed(event, "/postern/count", 1)));
}

TEST_CASE("the schema knows the reasons and occurrences that exist, and no others", "[log]") {
    const Schema schema = shipped_schema();
    json reasons = json::array(), whats = json::array();
    for (std::size_t i = 0; i < reason_count; ++i) reasons.push_back(word(static_cast<Reason>(i)));
    for (const auto what : occurrences) whats.push_back(what);
    CHECK(schema.definition("reason")["enum"] == reasons);
    CHECK(schema.definition("what")["enum"] == whats);
}
