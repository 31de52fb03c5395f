// A state as a document and back; what is none is told; what an operator adds to a state never lets in more.
#include "store/document.h"

#include <algorithm>

#include "catch.h"
#include "scratch.h"
#include "some_state.h"
#include "store/anchor.h"
#include "store/floors.h"

using namespace postern;
using namespace postern::store;
using namespace postern::test;

namespace {

constexpr Bytes32 carols_key = filled<32>(5);

std::string refused(const std::string& text) {
    const auto state = read_document(text);
    return state ? "" : state.error().text;
}

std::string without(const std::string& part, const std::string& in_place = {}) {
    std::string text = to_document(some_state());
    const auto found = text.find(part);
    REQUIRE(found != std::string::npos);
    return text.replace(found, part.size(), in_place);
}

bool is_used(const State& state, const Bytes32& key, WallTime time) {
    const auto holds = [&](const std::vector<TimeSpan>& spans) {
        return std::ranges::any_of(spans, [&](const TimeSpan& span) { return span.contains(time); });
    };
    for (const Window& window : state.replays.windows)
        if (window.key == key) return holds(window.used);
    return holds(state.replays.used);
}

}  // namespace

TEST_CASE("a document is read again as the state that it was written from", "[store]") {
    State state = some_state();
    CHECK(read_document(to_document(state)).value() == state);
    state.covered.reset();
    state.replays.used = {{WallTime::min(), WallTime::max()}};
    CHECK(read_document(to_document(state)).value() == state);
    CHECK(read_document(to_document(State{})).value() == State{});
}

TEST_CASE("a document that is not whole is no document, and the error says what came", "[store]") {
    CHECK(refused("") == "got no JSON object, expected what `posternctl state export` writes");
    CHECK(refused("[1]") == "got no JSON object, expected what `posternctl state export` writes");
    CHECK(refused("{}") == "got no \"postern_state\", expected one");
    CHECK(refused(without("\"sequence\":41,")) == "got no \"sequence\", expected one");
    CHECK(refused(without("\"sequence\":41", "\"sequence\":41.5")) ==
          "sequence: got 41.5, expected a whole number of 64 bits");
    CHECK(refused(without("\"sequence\":41", "\"sequence\":18446744073709551615")) ==
          "sequence: got 18446744073709551615, expected a whole number of 64 bits");
    CHECK(refused(without("\"postern_state\":1", "\"postern_state\":2")) == "postern_state: got 2, expected 1");
    CHECK(refused(without("\"sequence\"", "\"more\":1,\"sequence\"")) ==
          "got \"more\", which is none of a state's members");
    CHECK(refused(without("0707070707070707")) == "id: got \"0707070707070707\", expected 32 hexadecimal digits");
    CHECK(refused(without("[1800000090000000000,1800000091000000000]", "[2,1]")) ==
          "used: got [2,1], expected the earlier time first");
    CHECK(refused(without("[1800000090000000000,1800000091000000000]", "[1]")) == "used: got [1], expected two times");
}

TEST_CASE("what is nested deeper than any state is no document, however deep it is", "[store]") {
    const std::string begin = "{\"postern_state\":", end = "}";
    for (const std::size_t depth : {10, 1'000'000})
        REQUIRE(refused(begin + std::string(depth, '[') + std::string(depth, ']') + end) ==
                "got no JSON object, expected what `posternctl state export` writes");
}

TEST_CASE("up to a time everything counts as used, of everybody or of one", "[store]") {
    State state = some_state();
    use_up_to(state, at(50));
    CHECK(state.covered);
    for (const Bytes32& key : {alices_key, bobs_key, carols_key}) {
        CHECK(is_used(state, key, at(50)));
        CHECK_FALSE(is_used(state, key, at(51)));
    }
    CHECK(is_used(state, alices_key, at(90)));

    state = some_state();
    use_up_to(state, at(50), carols_key);
    CHECK(is_used(state, carols_key, at(50)));
    CHECK_FALSE(is_used(state, bobs_key, at(8)));
}

TEST_CASE("what another copy knows is added, whichever is newer", "[store]") {
    State older = some_state(), newer = some_state();
    older.sequence = 12;
    older.covered.reset();
    newer.covered = TimeSpan{at(100), at(120)};
    newer.replays.windows[0].used = {{at(95), at(96)}};
    newer.replays.windows[1].messages.push_back({at(8), filled<32>(80)});
    newer.replays.windows.push_back({carols_key, {{at(200), at(200)}}, {}});
    newer.gateway_keys = {filled<32>(9)};
    newer.lines = {filled<32>(12), filled<32>(13)};
    State one = older, other = newer;
    add(one, newer), add(other, older);
    CHECK(one == other);
    CHECK(one.sequence == 41);
    CHECK(one.gateway_keys.size() == 3);
    CHECK(one.lines == std::vector{filled<32>(11), filled<32>(12), filled<32>(13)});
    CHECK(one.replays.windows[1].messages.size() == 3);
    for (const std::int64_t second : {-9, 5, 90, 95, 110}) CHECK(is_used(one, alices_key, at(second)));
    CHECK(is_used(one, carols_key, at(200)));
    CHECK(is_used(one, carols_key, at(-9)));
}

TEST_CASE("an anchor is read again, and speaks against older and other states alone", "[store]") {
    const ScratchDirectory directory;
    const State state = some_state();
    CHECK(read_anchor(directory / "anchor").value() == std::nullopt);
    REQUIRE(write_anchor(directory / "anchor", {state.id, state.sequence}));
    const auto anchor = read_anchor(directory / "anchor").value();
    REQUIRE(anchor == Anchor{state.id, 41});
    State copy = state;
    CHECK(objection(*anchor, copy) == "");
    copy.sequence = 42;
    CHECK(objection(*anchor, copy) == "");
    copy.sequence = 40;
    CHECK(objection(*anchor, copy) == "an older copy of it was put back: it is at 40, and was at 41");
    copy = state;
    copy.id = filled<16>(8);
    CHECK(objection(*anchor, copy) == "another state was put in its place");
}

TEST_CASE("a file that is no anchor is told, by its name", "[store]") {
    const ScratchDirectory directory;
    const std::string id(32, '7'), other = std::string(32, 'x').append(" 41\n");
    for (const std::string& text :
         {std::string{}, id, id + " 41", id + " 4 1\n", id + " x\n", id.substr(2) + " 41\n", other, id + " 41\n\n"}) {
        put_text(directory / "anchor", text);
        const auto anchor = read_anchor(directory / "anchor");
        REQUIRE_FALSE(anchor);
        CHECK(anchor.error().text == (directory / "anchor").string() + ": it does not say which state it belongs to");
    }
}
