// The parser under bytes that nobody meant well: every truncation and many mutations of every capture. Each input lies
// in a heap block of exactly its size, so that AddressSanitizer sees a read of one byte too many.
#include <random>

#include "catch.h"
#include "packet/parse.h"
#include "unit/packet/corpus.h"

using namespace postern;
using test::Capture;
using test::Packet;

namespace {

// What holds of every view, whatever the bytes.
bool sane(const PacketView& view, const Packet& packet) {
    if (view.malformed) return view.transport == Transport::none && view.payload.empty();
    const auto offset = static_cast<std::size_t>(view.payload.data() - packet.data());
    return view.header_length >= 20 && view.header_length <= offset &&
           offset + view.payload.size() + view.trailing <= packet.size() &&
           (view.transport == Transport::none) == (view.fragment_offset > 0);
}

std::vector<const Packet*> all_packets() {
    std::vector<const Packet*> packets;
    for (const Capture& capture : test::corpus())
        for (const Packet& packet : capture.packets) packets.push_back(&packet);
    return packets;
}

class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : random_{seed} {}

    // One to eight bytes rewritten, most often in the headers, and now and then the end cut off or drawn out.
    Packet operator()(Packet packet) {
        if (below(4) == 0) packet.resize(below(packet.size() + 40));
        packet.shrink_to_fit();
        for (std::size_t rewrites = packet.empty() ? 0 : 1 + below(8); rewrites > 0; --rewrites)
            packet[below(below(4) == 0 ? packet.size() : std::min<std::size_t>(packet.size(), 80))] = interesting();
        return packet;
    }
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_); }

private:
    std::uint8_t interesting() {
        constexpr std::array<std::uint8_t, 12> likely{0, 1, 4, 5, 6, 17, 43, 44, 51, 60, 0x45, 0xff};
        return below(2) == 0 ? likely[below(likely.size())] : static_cast<std::uint8_t>(below(256));
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("a packet cut anywhere before its end is malformed", "[packet]") {
    for (const Packet* packet : all_packets()) {
        const PacketView whole = parse(*packet);
        for (std::size_t length = 0; length < packet->size(); ++length) {
            const Packet cut(packet->begin(), packet->begin() + static_cast<std::ptrdiff_t>(length));
            const PacketView view = parse(cut);
            if (!sane(view, cut)) FAIL("no sane view of " << to_hex(cut));
            const bool only_padding_lost = !whole.malformed && length >= packet->size() - whole.trailing;
            if (!whole.malformed && view.malformed == only_padding_lost) FAIL("wrong verdict on " << to_hex(cut));
        }
    }
    SUCCEED();
}

TEST_CASE("no mutation leads the parser astray", "[packet]") {
    const auto seed = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3});
    CAPTURE(seed);
    const std::vector<const Packet*> packets = all_packets();
    Mutator mutate{seed};
    std::size_t malformed = 0;
    for (int round = 0; round < 10'000; ++round) {
        const Packet mutated = mutate(*packets[mutate.below(packets.size())]);
        const PacketView view = parse(mutated);
        if (!sane(view, mutated)) FAIL("no sane view of " << to_hex(mutated));
        malformed += view.malformed ? 1 : 0;
    }
    CHECK(malformed > 1'000);  // the mutations reach both outcomes
    CHECK(malformed < 9'000);
}
