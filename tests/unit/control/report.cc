// Reports come back from their JSON as they were; what is no report is an error and never an exception.
#include <nlohmann/json.hpp>
#include <random>

#include "catch.h"
#include "unit/control/fake_service.h"

using namespace postern;
using namespace postern::control;
using nlohmann::json;

namespace {

const GrantRow sample_grant{12, "alice", "ssh", "2001:db8::7", 40000, -1500, 1, "expired"};
const FlowRow sample_flow{"tcp/198.51.100.7:40000/192.0.2.1:22",
                          12,
                          "alice",
                          "ssh",
                          "tcp",
                          "198.51.100.7",
                          40000,
                          "192.0.2.1",
                          22,
                          90061000,
                          3};

}  // namespace

TEST_CASE("every report comes back from its JSON", "[control]") {
    const std::string status = to_json(test::sample_status());
    const std::string grants = to_json(std::vector{sample_grant, GrantRow{}});
    const std::string flows = to_json(std::vector{sample_flow, FlowRow{}});
    const std::string revoked = to_json(RevokeReport{1, 2, {"flow x: EPERM"}});
    const std::string reloaded = to_json(ReloadReport{{}, 3, 4, {"queues: restart to use 4"}});
    CHECK(to_json(read_status(status).value()) == status);
    CHECK(to_json(read_grants(grants).value()) == grants);
    CHECK(to_json(read_flows(flows).value()) == flows);
    CHECK(to_json(read_revoke_report(revoked).value()) == revoked);
    CHECK(to_json(read_reload_report(reloaded).value()) == reloaded);
}

TEST_CASE("a status carries what was put in", "[control]") {
    const json status = json::parse(to_json(test::sample_status()));
    CHECK(status["started"] == "2026-11-21T09:00:00.000000Z");
    CHECK(status["policy_loaded"] == "2026-11-21T09:00:00.000250Z");
    CHECK(status["queues"][0]["verdicts"] == json{{"no_grant", 9}, {"spa_accepted", 1}});
    CHECK(status["queues"][0]["last_id"] == 12);
    CHECK(status["queues"][1]["verdicts"] == json::object());
    CHECK(status["flows"] == json{{"used", 0}, {"limit", 131072}});
    CHECK(status["warnings"] == json::array({"queue 0 lost 2 packets"}));
}

TEST_CASE("a newer daemon may say more, never less or other things", "[control]") {
    json row = json::parse(to_json(std::vector{sample_grant}))[0];
    row["colour"] = "blue";
    CHECK(read_grants(json::array({row}).dump()));
    for (const char* name : {"id", "client", "source_port", "expires_in_ms"}) {
        json other = row;
        other[name] = json::array();
        CHECK_FALSE(read_grants(json::array({other}).dump()));
        other.erase(name);
        CHECK_FALSE(read_grants(json::array({other}).dump()));
    }
    row["source_port"] = 65536;
    CHECK_FALSE(read_grants(json::array({row}).dump()));
    row["source_port"] = -1;
    CHECK_FALSE(read_grants(json::array({row}).dump()));
}

TEST_CASE("mutated reports are read or refused, without an exception", "[control]") {
    std::mt19937 random{1};
    const std::string whole = to_json(test::sample_status());
    int refused = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string text = whole;
        text[random() % text.size()] = static_cast<char>(random());
        REQUIRE_NOTHROW(refused += !read_status(text));
    }
    CHECK(refused > 1000);
}

TEST_CASE("a flow's name says its 5-tuple", "[control]") {
    FlowKey flow{Transport::tcp, *parse_address("198.51.100.7"), *parse_address("192.0.2.1"), 40000, 22};
    CHECK(flow_name(flow) == "tcp/198.51.100.7:40000/192.0.2.1:22");
    flow = {Transport::udp, *parse_address("2001:db8::7"), *parse_address("2001:db8::1"), 40000, 51820};
    CHECK(flow_name(flow) == "udp/[2001:db8::7]:40000/[2001:db8::1]:51820");
}
