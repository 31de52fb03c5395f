#include "knock/sequence.h"

#include <array>

namespace postern::knock {

#define POSTERN_KNOCK_SCHEME(name, meaning) Taken take_##name(const Sequence&, Track&, const PacketView&) noexcept;
#include "knock/schemes.def"
#undef POSTERN_KNOCK_SCHEME

namespace {

struct Row {
    std::string_view word;
    Taken (*take)(const Sequence&, Track&, const PacketView&) noexcept;
};
constexpr auto rows = std::to_array<Row>({
#define POSTERN_KNOCK_SCHEME(name, meaning) {#name, take_##name},
#include "knock/schemes.def"
#undef POSTERN_KNOCK_SCHEME
});

const Row& row(Scheme scheme) noexcept { return rows[static_cast<std::size_t>(scheme)]; }

}  // namespace

std::string_view word(Scheme scheme) noexcept { return row(scheme).word; }

Taken take(const Sequence& sequence, Track& track, const PacketView& packet) noexcept {
    return row(sequence.scheme).take(sequence, track, packet);
}

std::string to_text(const std::vector<Step>& steps) {
    std::string text;
    for (const Step& step : steps) text += (text.empty() ? "" : ",") + to_text(step);
    return text;
}

}  // namespace postern::knock
