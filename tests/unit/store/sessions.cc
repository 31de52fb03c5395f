// The file of sessions: what was put is read again, by the same boot and by no other.
#include "store/sessions.h"

#include <algorithm>
#include <fstream>

#include "catch.h"
#include "scratch.h"

using namespace postern;
using namespace postern::store;
using postern::test::ScratchDirectory;
using std::chrono::seconds;

namespace {

const std::string boot = "boot one";

IpAddress at(const char* text) { return parse_address(text).value(); }

KeptFlow flow(std::uint16_t port) {
    KeptFlow flow;
    flow.protocol = 6;
    flow.source = at("198.51.100.7");
    flow.destination = at("192.0.2.1");
    flow.source_port = port;
    flow.destination_port = 22;
    flow.client = std::string(32, '\xfe');
    flow.service = "ssh";
    flow.grant = 7;
    flow.opened = SteadyTime{seconds{5}};
    flow.initial_sequence = 4'000'000'000;
    flow.accepts = 3;
    flow.mark = 2;
    flow.local = false;
    return flow;
}

KeptFlow flow6() {
    KeptFlow flow;
    flow.protocol = 17;
    flow.source = at("2001:db8::7");
    flow.destination = at("2001:db8::1");
    flow.source_port = 5000;
    flow.client = std::string{"name\0 tcp/1", 11};
    flow.service = "dns";
    flow.ending = 1;
    return flow;
}

KeptGrant grant(std::uint64_t id) {
    return {id, std::string(32, 'a'), "ssh", at("198.51.100.7"), 4000, SteadyTime{seconds{9}}, {1, 2, 3}, 4, 5, 6, 2};
}

SessionFile opened(const ScratchDirectory& directory, const std::string& of = boot) {
    auto file = SessionFile::open(directory.path(), of);
    if (!file) FAIL(file.error().text);
    return std::move(*file);
}

Sessions read_again(const ScratchDirectory& directory, const std::string& of = boot) {
    auto sessions = opened(directory, of).read();
    if (!sessions) FAIL(sessions.error().text);
    std::ranges::sort(sessions->flows, {}, &KeptFlow::source_port);
    return *sessions;
}

}  // namespace

TEST_CASE("flows and grants are read again as they were put", "[store]") {
    const ScratchDirectory directory;
    CHECK(read_again(directory) == Sessions{});
    {
        SessionFile file = opened(directory);
        REQUIRE(file.change({flow(4000), flow6()}, {}));
        REQUIRE(file.keep({grant(8), grant(9)}));
    }
    CHECK(read_again(directory) == Sessions{{flow(4000), flow6()}, {grant(8), grant(9)}});
}

TEST_CASE("a flow that is put again takes its own place; one that is gone leaves no other", "[store]") {
    const ScratchDirectory directory;
    KeptFlow ended = flow(4000);
    ended.ending = 2;
    {
        SessionFile file = opened(directory);
        REQUIRE(file.change({flow(4000), flow(4001), flow6()}, {}));
        REQUIRE(file.change({ended}, {flow(4001)}));
    }
    CHECK(read_again(directory).flows == std::vector{ended, flow6()});
}

TEST_CASE("grants take the place of those before them", "[store]") {
    const ScratchDirectory directory;
    REQUIRE(opened(directory).keep({grant(8)}));
    REQUIRE(opened(directory).keep({grant(9)}));
    CHECK(read_again(directory).grants == std::vector{grant(9)});
    REQUIRE(opened(directory).keep({}));
    CHECK(read_again(directory).grants.empty());
}

TEST_CASE("another boot finds nothing, and so does the first one behind it", "[store]") {
    const ScratchDirectory directory;
    REQUIRE(opened(directory).change({flow(4000)}, {}));
    CHECK(read_again(directory, "boot two") == Sessions{});
    CHECK(read_again(directory) == Sessions{});
}

TEST_CASE("a boot without a name is another one every time", "[store]") {
    const ScratchDirectory directory;
    REQUIRE(opened(directory, "").change({flow(4000)}, {}));
    CHECK(read_again(directory, "") == Sessions{});
}

TEST_CASE("a file that cannot be read as sessions is made anew", "[store]") {
    const ScratchDirectory directory;
    SECTION("it is no database") { std::ofstream{directory / "sessions.db"} << std::string(9000, 'x'); }
    SECTION("another version has made it") {
        REQUIRE(
            Database::open(directory / "sessions.db", Database::Outlives::process)->run("PRAGMA user_version = 99"));
    }
    SECTION("it has rows that no postern writes") {
        REQUIRE(opened(directory).change({flow(4000)}, {}));
        REQUIRE(Database::open(directory / "sessions.db", Database::Outlives::process)
                    ->run("UPDATE flow SET source = x'01'"));
    }
    CHECK(read_again(directory) == Sessions{});
    REQUIRE(opened(directory).change({flow(4000)}, {}));
    CHECK(read_again(directory).flows == std::vector{flow(4000)});
}
