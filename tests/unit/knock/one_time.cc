// One-time lists: the counter that gives each line once, how a line is written, and what of a list is listened to.
#include "knock/one_time.h"

#include <thread>

#include "catch.h"
#include "unit/knock/sample.h"

using namespace postern;
using namespace postern::knock;
using namespace postern::test;

namespace {

constexpr ListId here{1}, elsewhere{2};
using Use = LineCounter::Use;

OneTimeList list_of(std::size_t lines, std::uint8_t look_ahead) {
    OneTimeList list;
    list.id = here;
    list.lines.resize(lines);
    list.look_ahead = look_ahead;
    return list;
}

// The n-th line of a list of knock 1; no two lines have a step in common.
Sequence line(std::uint16_t n, std::uint16_t knock = 1) {
    const auto step = [&](const char* transport, int from) { return transport + std::to_string(from + n); };
    Sequence made = sequence({step("tcp/", 1000), step("udp/", 3000), step("tcp/", 2000)}, knock);
    made.id.list = here;
    made.id.line = n;
    return made;
}

std::vector<std::string> steps_of(const Sequence& sequence) {
    std::vector<std::string> texts;
    for (const Step& step : sequence.steps) texts.push_back(to_text(step));
    return texts;
}

std::vector<Sequence> lines(std::uint16_t count) {
    std::vector<Sequence> all;
    for (std::uint16_t n = 0; n < count; ++n) all.push_back(line(n));
    return all;
}

}  // namespace

TEST_CASE("a line is used up once, makes those before it void, and lets in only when it is reserved", "[knock]") {
    LineCounter counter;
    CHECK(counter.take(here, 0) == Use::spent);  // closed
    counter.open({here, 0, 4});
    CHECK(counter.take(here, 1) == Use::taken);
    CHECK(counter.take(here, 1) == Use::spent);
    CHECK(counter.take(here, 0) == Use::spent);
    CHECK(counter.take(elsewhere, 2) == Use::spent);
    CHECK(counter.take(here, 5) == Use::not_durable);
    CHECK(counter.take(here, 5) == Use::spent);
    CHECK(counter.take(here, 3) == Use::spent);
    counter.reserve(elsewhere, 9);
    CHECK(counter.position().reserved == 4);
    counter.reserve(here, 8);
    counter.reserve(here, 7);
    CHECK(counter.position().reserved == 8);
    CHECK(counter.take(here, 6) == Use::taken);
    const auto at = counter.close();
    CHECK((at.list == here && at.next == 7 && at.reserved == 8));
    CHECK(counter.take(here, 7) == Use::spent);
}

TEST_CASE("the largest positions of a list fit into the counter", "[knock]") {
    LineCounter counter;
    const auto last = static_cast<std::uint32_t>(most_lines);
    counter.open({static_cast<ListId>(0xfffe), last - 1, last});
    CHECK(counter.take(static_cast<ListId>(0xfffe), last - 1) == Use::taken);
    CHECK(counter.position().next == last);
    CHECK(counter.position().reserved == last);
}

TEST_CASE("of all threads that take a line one succeeds, while others reserve and close", "[knock]") {
    constexpr std::uint32_t size = 3000;
    LineCounter counter;
    counter.open({here, 0, 0});
    std::atomic<std::uint32_t> taken = 0;
    std::vector<std::atomic<int>> owners(size);
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                for (std::uint32_t line = 0; line < size; ++line) {
                    const Use use = counter.take(here, line);
                    owners[line] += use != Use::spent;
                    taken += use == Use::taken;
                }
            });
        threads.emplace_back([&] {
            for (std::uint32_t to = 1; to <= size; ++to) counter.reserve(here, to);
        });
    }
    CHECK(taken <= counter.position().reserved);
    CHECK(counter.position().next == size);
    CHECK(std::ranges::all_of(owners, [](const auto& count) { return count == 1; }));
}

TEST_CASE("nothing is taken of a list behind the end of close(), whoever races", "[knock]") {
    for (int round = 0; round < 200; ++round) {
        LineCounter counter;
        counter.open({here, 0, 1000});
        std::atomic<std::uint32_t> taken = 0;
        LineCounter::Position closed;
        {
            std::jthread taker{[&] {
                for (std::uint32_t line = 0; line < 1000 && counter.take(here, line) == Use::taken; ++line)
                    taken = line + 1;
            }};
            closed = counter.close();
        }
        REQUIRE(closed.next == taken);
    }
}

TEST_CASE("the window begins at the first unused line, and ends with the list", "[knock]") {
    LineCounter counter;
    const OneTimeList list = list_of(8, 3);
    CHECK(counter.window(list).to == 0);
    counter.open({here, 0, 8});
    CHECK((counter.window(list).from == 0 && counter.window(list).to == 3));
    REQUIRE(counter.take(here, 5) == Use::taken);
    CHECK((counter.window(list).from == 6 && counter.window(list).to == 8));
    REQUIRE(counter.take(here, 7) == Use::taken);
    CHECK_FALSE(counter.window(list).contains(8));
    counter.close();
    CHECK_FALSE(counter.window(list).contains(7));
}

TEST_CASE("a line is steps between commas, as knockd writes them too; marked and blank ones are skipped", "[knock]") {
    CHECK(words_of("tcp/1, udp/2 ,\t3:udp,4\r") == std::vector<std::string_view>{"tcp/1", "udp/2", "3:udp", "4"});
    CHECK(words_of("7,,8") == std::vector<std::string_view>{"7", "", "8"});
    for (const char* text : {"", "  \t\r", "#", "#7000,8000"}) CHECK(is_skipped(text));
    for (const char* text : {"7", " #7", ","}) CHECK_FALSE(is_skipped(text));
    const auto read = [](const char* text) { return to_text(parse_step_or_port(text).value()); };
    CHECK(read("7000") == "tcp/7000");
    CHECK(read("7000:tcp") == "tcp/7000");
    CHECK(read("8000:udp") == "udp/8000");
    CHECK(read("icmp/echo-request") == "icmp/echo-request");
    CHECK(read("tcp/7/ack") == "tcp/7/ack");
    for (const char* text : {"", "0", "7:", ":udp", "7:sctp", "7:udp:1", "65536"})
        CHECK_FALSE(parse_step_or_port(text));
}

TEST_CASE("only lines in the window can be begun, and only they are gone on with", "[knock]") {
    Door door{lines(12)};
    door.live.lines = {2, 5};
    for (std::uint16_t n = 0; n < 12; ++n) {
        const bool live = n >= 2 && n < 5;
        const auto steps = steps_of(line(n));
        CHECK(door.hit(steps[0], static_cast<std::uint8_t>(n)) == (live ? What::step : What::nothing));
    }
    CHECK(door.size() == 3);
    const auto third = steps_of(line(3)), fifth = steps_of(line(4));
    door.live.lines = {4, 7};
    CHECK(door.hit(third[1], 3) == What::spent);
    CHECK(door.hit(third[1], 3) == What::nothing);
    CHECK(door.size() == 2);
    CHECK(door.hit(fifth[1], 4) == What::step);
    const Outcome last = door.judge(hit(fifth[2], 4));
    CHECK(last.what == What::complete);
    CHECK(last.sequence->id == line(4).id);
}

TEST_CASE("a track of one list goes on in no other list, though knock and line are the same", "[knock]") {
    Sequence other = line(0);
    other.id.list = elsewhere;
    const Book before{lines(1)}, after{{other}};
    Progress progress{8, KeyedHash{{1, 2}}};
    const SteadyTime now{1h};
    const auto steps = steps_of(line(0));
    REQUIRE(judge(before, Live{}, progress, hit(steps[0]), now).what == What::step);
    CHECK(judge(after, Live{}, progress, hit(steps[1]), now).what == What::nothing);
    CHECK(progress.size() == 0);
}

TEST_CASE("lists, plain sequences and closing ones that begin at one place are all found there", "[knock]") {
    std::vector<Sequence> all{sequence({"tcp/1000", "tcp/9"}, 2), sequence({"tcp/1000", "tcp/8"}, 3, Part::closing)};
    std::vector<Sequence> twins = lines(40);
    for (Sequence& one : twins) one.steps[0] = parse_step("tcp/1000").value(), all.push_back(one);
    Door door{all};
    door.live.lines = {20, 22};
    REQUIRE(door.hit("tcp/1000") == What::step);
    for (const char* last : {"tcp/9", "tcp/8"}) CHECK(door.hit(last) == What::complete);
    for (const std::uint16_t n : {std::uint16_t{20}, std::uint16_t{21}})
        CHECK(door.walk({steps_of(twins[n])[1], steps_of(twins[n])[2]}) == What::complete);
    CHECK(door.size() == 0);
}

TEST_CASE("a book knows every place where a step lies", "[knock]") {
    const Book book{lines(3)};
    for (const char* there : {"tcp/1002", "udp/3000", "tcp/2001"})
        CHECK(book.has_step_at(place_of(parse_step(there).value())));
    for (const char* nowhere : {"tcp/3000", "udp/1000", "icmp/echo-request"})
        CHECK_FALSE(book.has_step_at(place_of(parse_step(nowhere).value())));
}
