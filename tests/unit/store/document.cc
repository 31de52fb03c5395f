// A state as a document and back; what is none is told; what an operator adds to a state never lets in more.
#include "store/document.h"

#include <algorithm>

#include "catch.h"
#include "store/anchor.h"
#include "store/floors.h"
#include "unit/io/scratch_directory.h"

using namespace postern;
using namespace postern::store;
using postern::test::ScratchDirectory;
using std::chrono::seconds;

namespace {

template <std::size_t size>
std::array<std::uint8_t, size> filled(std::uint8_t byte) {
    std::array<std::uint8_t, size> bytes{};
    bytes.fill(byte);
    return bytes;
}

constexpr WallTime at(std::int64_t second) { return wall_time(1'800'000'000 + second); }

const Bytes32 alice = filled<32>(3), bob = filled<32>(4), carol = filled<32>(5);

State some_state() {
    State state;
    state.id = filled<16>(7);
    state.sequence = 41;
    state.gateway_keys = {filled<32>(1), filled<32>(2)};
    state.replays.used = {{WallTime::min(), at(0)}};
    state.replays.windows = {{alice, {{WallTime::min(), at(5)}, {at(90), at(91)}}, {}},
                             {bob, {}, {{at(6), filled<32>(60)}, {at(7), filled<32>(70)}}}};
    state.lines = {filled<32>(11), filled<32>(12)};
    state.covered = TimeSpan{at(-30), at(38)};
    return state;
}

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

TEST_CASE("up to a time everything counts as used, of everybody or of one", "[store]") {
    State state = some_state();
    use_up_to(state, at(50));
    CHECK(state.covered);
    for (const Bytes32& key : {alice, bob, carol}) {
        CHECK(is_used(state, key, at(50)));
        CHECK_FALSE(is_used(state, key, at(51)));
    }
    CHECK(is_used(state, alice, at(90)));

    state = some_state();
    use_up_to(state, at(50), carol);
    CHECK(is_used(state, carol, at(50)));
    CHECK_FALSE(is_used(state, bob, at(8)));
}

TEST_CASE("what another copy knows is added, whichever is newer", "[store]") {
    State older = some_state(), newer = some_state();
    older.sequence = 12;
    older.covered.reset();
    newer.covered = TimeSpan{at(100), at(120)};
    newer.replays.windows[0].used = {{at(95), at(96)}};
    newer.replays.windows[1].messages.push_back({at(8), filled<32>(80)});
    newer.replays.windows.push_back({carol, {{at(200), at(200)}}, {}});
    newer.gateway_keys = {filled<32>(9)};
    newer.lines = {filled<32>(12), filled<32>(13)};
    State one = older, other = newer;
    add(one, newer), add(other, older);
    CHECK(one == other);
    CHECK(one.sequence == 41);
    CHECK(one.gateway_keys.size() == 3);
    CHECK(one.lines == std::vector{filled<32>(11), filled<32>(12), filled<32>(13)});
    CHECK(one.replays.windows[1].messages.size() == 3);
    for (const std::int64_t second : {-9, 5, 90, 95, 110}) CHECK(is_used(one, alice, at(second)));
    CHECK(is_used(one, carol, at(200)));
    CHECK(is_used(one, carol, at(-9)));
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
    const std::string id(32, '7');
    for (const std::string& text : {std::string{}, id, id + " 41", id + " 4 1\n", id + " x\n", id.substr(2) + " 41\n",
                                    std::string(32, 'x') + " 41\n", id + " 41\n\n"}) {
        test::put_text(directory / "anchor", text);
        const auto anchor = read_anchor(directory / "anchor");
        REQUIRE_FALSE(anchor);
        CHECK(anchor.error().text == (directory / "anchor").string() + ": it does not say which state it belongs to");
    }
}
