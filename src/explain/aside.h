// Why a packet of a capture got no verdict: the kernel would not have queued it, or what is at hand cannot judge it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postern::explain {

enum class Kind : std::uint8_t {
    verdict,     // the daemon would have seen it, and this is what it would have said
    not_queued,  // the daemon would not have seen it
    unjudged,    // the daemon would have seen it, and what it would have said cannot be told here
};

[[nodiscard]] constexpr std::string_view word(Kind kind) noexcept {
    constexpr auto words = std::to_array<std::string_view>({"verdict", "not_queued", "unjudged"});
    return words[static_cast<std::size_t>(kind)];
}

// One stable word each, spelt alike here, in the output and in posternctl(8).
enum class Aside : std::uint8_t {
#define POSTERN_ASIDE(name, kind, meaning) name,
#include "explain/asides.def"
#undef POSTERN_ASIDE
};

namespace detail {
struct AsideRow {
    std::string_view word;
    Kind kind;
    std::string_view meaning;
};
inline constexpr auto aside_rows = std::to_array<AsideRow>({
#define POSTERN_ASIDE(name, kind, meaning) {#name, Kind::kind, meaning},
#include "explain/asides.def"
#undef POSTERN_ASIDE
});
}  // namespace detail

inline constexpr std::size_t aside_count = detail::aside_rows.size();

[[nodiscard]] constexpr const detail::AsideRow& row(Aside aside) noexcept {
    return detail::aside_rows[static_cast<std::size_t>(aside)];
}
[[nodiscard]] constexpr std::string_view word(Aside aside) noexcept { return row(aside).word; }
[[nodiscard]] constexpr std::string_view meaning(Aside aside) noexcept { return row(aside).meaning; }
[[nodiscard]] constexpr Kind kind(Aside aside) noexcept { return row(aside).kind; }

}  // namespace postern::explain
