// Requests are read strictly, and nothing that is no request reaches the service.
#include <random>

#include "catch.h"
#include "control/messages.h"
#include "unit/control/fake_service.h"

using namespace postern;
using namespace postern::control;
using Target = RevokeRequest::Target;

namespace {

constexpr std::uint64_t largest = 18446744073709551615u;

std::vector<Request> every_request() {
    std::vector<Request> requests;
    for (const auto command : {Command::status, Command::grants, Command::flows, Command::reload, Command::state})
        requests.push_back({command, {}});
    requests.push_back({Command::revoke, {Target::all, 0, ""}});
    requests.push_back({Command::revoke, {Target::grant, largest, ""}});
    requests.push_back({Command::revoke, {Target::client, 0, "alice's \"phone\"\n"}});
    requests.push_back({Command::revoke, {Target::flow, 0, "tcp/[2001:db8::1]:40000/[2001:db8::2]:22"}});
    return requests;
}

}  // namespace

TEST_CASE("every request comes back from its line", "[control]") {
    for (const Request& request : every_request()) {
        const std::string line = to_line(request);
        CAPTURE(line);
        CHECK(line.find('\n') == std::string::npos);
        const auto parsed = parse_request(line);
        REQUIRE(parsed);
        CHECK(parsed->command == request.command);
        CHECK(parsed->revoke.target == request.revoke.target);
        CHECK(parsed->revoke.grant == request.revoke.grant);
        CHECK(parsed->revoke.name == request.revoke.name);
    }
}

TEST_CASE("a request's line is the documented one", "[control]") {
    CHECK(to_line(Request{Command::guard, {}, {GuardReport::State::unguarded, "gone", 300, 2}}) ==
          R"({"v":1,"command":"guard","state":"unguarded","text":"gone","for_ms":300,"revoked":2})");
    CHECK(parse_request(R"({"v":1,"command":"guard","state":"open"})")->guard.state == GuardReport::State::open);
    CHECK(to_line(Request{Command::status, {}}) == R"({"v":1,"command":"status"})");
    CHECK(to_line(Request{Command::revoke, {Target::grant, 12, ""}}) == R"({"v":1,"command":"revoke","grant":12})");
    CHECK(to_line(Request{Command::revoke, {}}) == R"({"v":1,"command":"revoke","all":true})");
}

TEST_CASE("what is no request is refused with one line that says what was expected", "[control]") {
    const std::pair<const char*, const char*> cases[] = {
        {"", "not one JSON object"},
        {"status", "not one JSON object"},
        {"[1]", "not one JSON object"},
        {R"({"v":1,"command":"status"} {})", "not one JSON object"},
        {R"({"v":1,"command":"status","command":"revoke","all":true})", "repeated"},
        {R"({"command":"status"})", "expected \"v\": 1"},
        {R"({"v":2,"command":"status"})", "expected \"v\": 1"},
        {R"({"v":"1","command":"status"})", "expected \"v\": 1"},
        {R"({"v":1})", "no command"},
        {R"({"v":1,"command":7})", "no command"},
        {R"({"v":1,"command":"open"})", "got the command \"open\""},
        {R"({"v":1,"command":"status","all":true})", "got the member \"all\""},
        {R"({"v":1,"command":"guard"})", "guard takes a state"},
        {R"({"v":1,"command":"guard","state":"shut"})", "guard takes a state"},
        {R"({"v":1,"command":"guard","state":"open","for_ms":-1})", "guard takes a state"},
        {R"({"v":1,"command":"guard","state":"open","all":true})", "which guard does not take"},
        {R"({"v":1,"command":"revoke"})", "one of grant, client, flow or all"},
        {R"({"v":1,"command":"revoke","":1})", "more than one member"},
        {R"({"v":1,"command":"revoke","all":false})", "revoke takes"},
        {R"({"v":1,"command":"revoke","all":1})", "revoke takes"},
        {R"({"v":1,"command":"revoke","grant":0})", "revoke takes"},
        {R"({"v":1,"command":"revoke","grant":-1})", "revoke takes"},
        {R"({"v":1,"command":"revoke","grant":1.5})", "revoke takes"},
        {R"({"v":1,"command":"revoke","grant":"1"})", "revoke takes"},
        {R"({"v":1,"command":"revoke","client":""})", "revoke takes"},
        {R"({"v":1,"command":"revoke","client":["alice"]})", "revoke takes"},
        {R"({"v":1,"command":"revoke","grant":1,"client":"alice"})", "more than one member"},
        {R"({"v":1,"command":"follow"})", "follow takes one source"},
        {R"({"v":1,"command":"follow","grant":1})", "follow takes one source"},
        {R"({"v":1,"command":"follow","source":7})", "follow takes one source"},
        {R"({"v":1,"command":"follow","source":"192.0.2.1/24"})", "got the source \"192.0.2.1/24\""},
    };
    for (const auto& [line, expected] : cases) {
        CAPTURE(line);
        const auto parsed = parse_request(line);
        REQUIRE_FALSE(parsed);
        CAPTURE(parsed.error().text);
        CHECK(parsed.error().text.find(expected) != std::string::npos);
    }
}

TEST_CASE("a request has at most 4096 bytes", "[control]") {
    std::string line = R"({"v":1,"command":"status"})";
    line.append(longest_request - line.size(), ' ');
    CHECK(parse_request(line));
    line += ' ';
    CHECK_FALSE(parse_request(line));
}

TEST_CASE("deep nesting and bytes that are no text are refused", "[control]") {
    CHECK_FALSE(parse_request(std::string(4096, '[')));
    CHECK_FALSE(parse_request("{\"v\":1,\"command\":\"\xff\xfe\"}"));
    CHECK_FALSE(parse_request(std::string_view{"\0\0", 2}));
}

TEST_CASE("random lines and mutated requests get a reply, and only requests reach the service", "[control]") {
    std::mt19937 random{20261121};
    const auto requests = every_request();
    for (int i = 0; i < 20000; ++i) {
        std::string line = i % 2 == 0 ? to_line(requests[random() % requests.size()]) : std::string(random() % 60, ' ');
        for (auto changes = 1 + random() % (i % 2 == 0 ? 3 : 60); changes > 0 && !line.empty(); --changes)
            line[random() % line.size()] = static_cast<char>(random());
        test::FakeService service;
        const bool is_request = parse_request(line).has_value();
        const auto reply = parse_reply(answer(line, service));
        REQUIRE(reply);
        REQUIRE(reply->ok == is_request);
        REQUIRE(service.asked.size() == (is_request ? 1u : 0u));
    }
}

TEST_CASE("a request to follow names a source, and no other line does", "[control]") {
    Request request{Command::follow};
    request.source = parse_prefix("2001:db8::/32");
    CHECK(to_line(request) == R"({"v":1,"command":"follow","source":"2001:db8::/32"})");
    CHECK(followed(to_line(request)) == request.source);
    for (const Request& other : every_request()) CHECK_FALSE(followed(to_line(other)));
    CHECK_FALSE(followed("follow 192.0.2.1"));
}
