// The ledger speaks once per source and reason, counts the rest exactly, and stays within its limits.
#include "log/ledger.h"

#include <map>
#include <random>

#include "catch.h"
#include "unit/log/samples.h"

using namespace postern;
using namespace postern::log;
using namespace postern::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Instant at(Duration since) { return {SteadyTime{seconds{1000} + since}, wall_time(1795251600) + since}; }

PacketView from(std::uint32_t host) {
    PacketView packet = sample_packet(Transport::tcp, 6);
    packet.source = IpAddress::v4(big_endian(0x0a000000u + host));
    return packet;
}

Decision refused(Reason reason, ClientId client = ClientId::none) { return {.reason = reason, .client = client}; }

std::vector<Event> flushed(Ledger& ledger, Instant now) {
    std::vector<Event> lines;
    ledger.flush(now, [&](Event&& event) { return lines.push_back(std::move(event)), true; });
    return lines;
}

}  // namespace

TEST_CASE("the first refusal speaks at once, further ones in one line with their number", "[log]") {
    Ledger ledger{5, {}};
    const auto policy = sample_policy();
    const auto first = ledger.note(from(1), refused(Reason::no_grant), at({}), policy);
    REQUIRE(first);
    CHECK(first->type == EventType::verdict);
    CHECK(first->queue == 5);
    CHECK(first->decision.reason == Reason::no_grant);
    for (int i = 0; i < 7; ++i) CHECK_FALSE(ledger.note(from(1), refused(Reason::no_grant), at({}), policy));
    const auto lines = flushed(ledger, at(seconds{10}));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].type == EventType::repeats);
    CHECK(lines[0].count == 7);
    CHECK(lines[0].packet->source == from(1).source);
    CHECK(lines[0].time == at(seconds{10}).wall);
}

TEST_CASE("source, reason and client each make a first packet", "[log]") {
    Ledger ledger{0, {}};
    CHECK(ledger.note(from(1), refused(Reason::no_grant), at({}), nullptr));
    CHECK(ledger.note(from(2), refused(Reason::no_grant), at({}), nullptr));
    CHECK(ledger.note(from(1), refused(Reason::spa_stale), at({}), nullptr));
    CHECK(ledger.note(from(1), refused(Reason::spa_stale, alice), at({}), nullptr));
    CHECK_FALSE(ledger.note(from(1), refused(Reason::spa_stale, alice), at({}), nullptr));
}

TEST_CASE("a grant made and a grant used always have a line of their own", "[log]") {
    Ledger ledger{0, {}, {.rows = 1, .first_lines = 0}};
    for (int i = 0; i < 10; ++i) {
        CHECK(ledger.note(from(1), {.verdict = Verdict::accept, .reason = Reason::grant_active}, at({}), nullptr));
        CHECK(ledger.note(from(1), refused(Reason::spa_accepted), at({}), nullptr));
    }
    CHECK(flushed(ledger, at(seconds{10})).empty());
}

TEST_CASE("a source that went quiet is forgotten, one that goes on is not", "[log]") {
    Ledger ledger{0, {}};
    (void)ledger.note(from(1), refused(Reason::no_grant), at({}), nullptr);
    (void)ledger.note(from(2), refused(Reason::no_grant), at({}), nullptr);
    (void)ledger.note(from(2), refused(Reason::no_grant), at({}), nullptr);
    CHECK(flushed(ledger, at(seconds{10})).size() == 1);
    CHECK(ledger.note(from(1), refused(Reason::no_grant), at(seconds{11}), nullptr));
    CHECK_FALSE(ledger.note(from(2), refused(Reason::no_grant), at(seconds{11}), nullptr));
}

TEST_CASE("a flush is due every ten seconds", "[log]") {
    Ledger ledger{0, {}};
    (void)flushed(ledger, at({}));
    CHECK_FALSE(ledger.due(at(milliseconds{9999}).steady));
    CHECK(ledger.due(at(seconds{10}).steady));
}

TEST_CASE("first lines are capped per second; what is over the cap is counted", "[log]") {
    Ledger ledger{0, {}, {.first_lines = 3}};
    int lines = 0;
    for (std::uint32_t host = 0; host < 50; ++host)
        lines += ledger.note(from(host), refused(Reason::no_grant), at({}), nullptr).has_value();
    CHECK(lines == 3);
    CHECK(ledger.note(from(99), refused(Reason::no_grant), at(seconds{1}), nullptr));
    CHECK(flushed(ledger, at(seconds{10})).size() == 47);
}

TEST_CASE("what does not fit into the table is counted without a source", "[log]") {
    Ledger ledger{0, {}, {.rows = 2}};
    for (std::uint32_t host = 0; host < 10; ++host)
        for (int i = 0; i < 3; ++i) (void)ledger.note(from(host), refused(Reason::no_grant), at({}), nullptr);
    const auto lines = flushed(ledger, at(seconds{10}));
    REQUIRE(lines.size() == 3);
    CHECK_FALSE(lines[2].packet);
    CHECK(lines[2].decision.reason == Reason::no_grant);
    CHECK(lines[2].count == 24);
}

TEST_CASE("an event that the ring refused is counted, and a refused count waits for the next flush", "[log]") {
    Ledger ledger{0, {}};
    ledger.take_back(*ledger.note(from(1), refused(Reason::no_grant), at({}), nullptr));
    ledger.take_back(*ledger.note(from(2), {.verdict = Verdict::accept, .reason = Reason::grant_active}, at({}), {}));
    ledger.flush(at(seconds{10}), [](Event&&) { return false; });
    const auto lines = flushed(ledger, at(seconds{20}));
    REQUIRE(lines.size() == 2);
    for (const Event& line : lines) {
        CHECK(line.count == 1);
        CHECK((line.decision.verdict == Verdict::accept) == (line.decision.reason == Reason::grant_active));
    }
}

namespace {

// Beside the ledger: plain sums of what went in and of what its lines say.
struct Twin {
    std::map<Reason, std::uint64_t> noted, said;
    std::map<std::pair<IpAddress, Reason>, std::uint64_t> noted_of, said_of;  // said: lines with a source only

    void hear(const Event& event) {
        const std::uint64_t packets = event.type == EventType::repeats ? event.count : 1;
        said[event.decision.reason] += packets;
        if (event.packet) said_of[{event.packet->source, event.decision.reason}] += packets;
    }
    void note(const PacketView& packet, Reason reason) {
        ++noted[reason];
        ++noted_of[{packet.source, reason}];
    }
};

}  // namespace

TEST_CASE("verdict lines and counts add up to the packets, whatever the ring refuses", "[log]") {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 engine{seed};
        const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
        const LedgerLimits limits{.rows = 1 + random() % 40, .first_lines = random() % 20};
        const bool ample = seed % 4 == 0;  // then nothing overflows
        Ledger ledger{0, {}, ample ? LedgerLimits{} : limits};
        Twin twin;
        Duration now{};
        const auto sink = [&](Event&& event) { return random() % 4 != 0 && (twin.hear(event), true); };
        for (int i = 0; i < 2000; ++i) {
            now += milliseconds{random() % 100};
            const PacketView packet = from(random() % 12);
            const auto reason = static_cast<Reason>(random() % reason_count);
            twin.note(packet, reason);
            auto event = ledger.note(packet, refused(reason), at(now), nullptr);
            if (event && !sink(std::move(*event))) ledger.take_back(*event);
            if (ledger.due(at(now).steady)) ledger.flush(at(now), sink);
        }
        ledger.flush(at(now), [&](Event&& event) { return twin.hear(event), true; });
        CHECK(twin.said == twin.noted);
        if (ample) CHECK(twin.said_of == twin.noted_of);
        for (const auto& [key, packets] : twin.said_of) CHECK(packets <= twin.noted_of[key]);
        CHECK(flushed(ledger, at(now)).empty());
    }
}
