// What becomes of a packet, and why: the two words of every decision.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern {

// Drop is the default value on purpose: whoever forgets to decide has decided to drop.
enum class Verdict : std::uint8_t { drop = 0, accept = 1 };

[[nodiscard]] constexpr std::string_view word(Verdict verdict) noexcept {
    return verdict == Verdict::accept ? "accept" : "drop";
}

// One stable word per reason; the enumerator, the log, the counters and postern-log(5) all spell it alike.
enum class Reason : std::uint8_t {
#define POSTERN_REASON(name, meaning) name,
#include "base/reasons.def"
#undef POSTERN_REASON
};

namespace detail {
struct ReasonRow {
    std::string_view word;
    std::string_view meaning;
};
inline constexpr auto reason_rows = std::to_array<ReasonRow>({
#define POSTERN_REASON(name, meaning) {#name, meaning},
#include "base/reasons.def"
#undef POSTERN_REASON
});
}  // namespace detail

inline constexpr std::size_t reason_count = detail::reason_rows.size();

[[nodiscard]] constexpr std::string_view word(Reason reason) noexcept {
    return detail::reason_rows[static_cast<std::size_t>(reason)].word;
}

// One sentence that says what happened, for status and the manual.
[[nodiscard]] constexpr std::string_view meaning(Reason reason) noexcept {
    return detail::reason_rows[static_cast<std::size_t>(reason)].meaning;
}

}  // namespace postern
