// The dispatcher: which request asks the service for what, and what the asker hears.
#include "catch.h"
#include "unit/control/fake_service.h"

using namespace postern;
using namespace postern::control;
using postern::test::FakeService;

namespace {

std::string ask(FakeService& service, const Request& request) { return answer(to_line(request), service); }

}  // namespace

TEST_CASE("each command asks the service for its report", "[control]") {
    FakeService service;
    service.status_report = test::sample_status();
    CHECK(ask(service, {Command::status, {}}) ==
          R"({"v":1,"ok":true,"result":)" + to_json(test::sample_status()) + "}");
    CHECK(ask(service, {Command::grants, {}}) == R"({"v":1,"ok":true,"result":[]})");
    CHECK(ask(service, {Command::flows, {}}) == R"({"v":1,"ok":true,"result":[]})");
    CHECK(ask(service, {Command::revoke, {RevokeRequest::Target::client, 0, "alice"}}) ==
          R"({"v":1,"ok":true,"result":{"grants":0,"flows":0,"failures":[]}})");
    CHECK(ask(service, {Command::reload, {}}) ==
          R"({"v":1,"ok":true,"result":{"clients":0,"services":0,"warnings":[]}})");
    CHECK(ask(service, {Command::guard, {}, {GuardReport::State::unguarded, "gone", 300, 2}}) ==
          R"({"v":1,"ok":true,"result":{}})");
    CHECK(service.asked == std::vector<std::string>{"status", "grants", "flows", "revoke", "reload", "guard"});
    CHECK(service.told.text == "gone");
    CHECK(service.revoked->name == "alice");
}

TEST_CASE("what the service refuses, the asker hears", "[control]") {
    FakeService service;
    service.revoke_report = failure("no grant 12");
    service.reload_report = failure("cannot read the policy");
    CHECK(ask(service, {Command::revoke, {}}) == R"({"v":1,"ok":false,"error":"no grant 12"})");
    CHECK(ask(service, {Command::reload, {}}) == R"({"v":1,"ok":false,"error":"cannot read the policy"})");
}

TEST_CASE("a reload with mistakes is refused and names every one", "[control]") {
    FakeService service;
    service.reload_report = ReloadReport{{"a.yaml:1:1: x", "a.yaml:2:1: y"}, 0, 0, {}};
    const auto reply = parse_reply(ask(service, {Command::reload, {}}));
    REQUIRE(reply);
    CHECK_FALSE(reply->ok);
    CHECK(reply->error == "the policy is not taken, for 2 reasons; the one before stays in force");
    CHECK(reply->mistakes == std::vector<std::string>{"a.yaml:1:1: x", "a.yaml:2:1: y"});
}

TEST_CASE("bytes that are no text never break a reply", "[control]") {
    FakeService service;
    service.revoke_report = failure("\xff\n\x1b[2J");
    const std::string line = ask(service, {Command::revoke, {}});
    for (const char c : line) CHECK((c >= 0x20 && c < 0x7f));
    CHECK(parse_reply(line)->error == "\xef\xbf\xbd\n\x1b[2J");
}

TEST_CASE("what does not speak the protocol is no reply", "[control]") {
    for (const char* line : {"", "OK", "[]", "{}", R"({"v":1})", R"({"v":2,"ok":true,"result":{}})",
                             R"({"v":1,"ok":1,"result":{}})", R"({"v":1,"ok":true})", "{\"v\":1,\"ok\":\xff"})
        CHECK_FALSE(parse_reply(line));
}

TEST_CASE("a reply that is nested deeper than any report is none, however deep it is", "[control]") {
    const auto nested = [](std::size_t depth) {
        return R"({"v":1,"ok":true,"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(parse_reply(nested(10)));
    for (const std::size_t depth : {20, 1'000'000}) REQUIRE_FALSE(parse_reply(nested(depth)));
}
