// The values that a packet mark and a connection mark can take, and how they lie in the policy's mask (DESIGN,
// "Marks").
//
// They are values of one field, not bits. The field is the run of ones of `gateway.mark_mask`, the top byte by default.
#pragma once

#include <bit>
#include <cstdint>

namespace postern {

// As wide as a mark: a foreign value in a mask of more than 8 bits must not be cut down to one of ours.
enum class Mark : std::uint32_t {
    none = 0,           // not judged
    local = 1,          // packet only, before the verdict: the destination is one of the gateway's own addresses
    hostile = 2,        // packet only: the source goes into the kernel's blackhole set
    refused = 3,        // packet only: dropped; reserved for an answer as a closed port gives it
    revoked = 4,        // connection only: both directions are dropped
    accepted = 5,       // packet and connection: let in
    observe = 6,        // packet only, before the verdict: the ruleset observes, also what is refused is let in
    observe_local = 7,  // the same, and the destination is one of the gateway's own addresses
    observed = 8,       // packet and connection: refused, and let in because the ruleset observes
    forward_first = 16  // packet and connection: let in, for the n-th forward_to; n is added to this value
};

// How many numbers n there are: 16 + 239 is the last value of the narrowest field.
inline constexpr unsigned most_forwards = 240;

[[nodiscard]] constexpr Mark forward_mark(unsigned n) noexcept {
    return static_cast<Mark>(static_cast<std::uint32_t>(Mark::forward_first) + n);
}

// Whether a connection with this mark was let in. True of forward marks that no ruleset knows any more, too.
[[nodiscard]] constexpr bool is_accepted(Mark mark) noexcept {
    return mark == Mark::accepted || mark >= Mark::forward_first;
}

// Where the field lies in the 32 bits of a mark.
struct MarkField {
    std::uint32_t mask = 0xff000000;  // one run of at least 8 ones

    [[nodiscard]] constexpr std::uint32_t bits(Mark mark) const noexcept {
        return static_cast<std::uint32_t>(mark) << std::countr_zero(mask);
    }
    // `mark` with our field replaced by `value`, everything of others kept.
    [[nodiscard]] constexpr std::uint32_t with(std::uint32_t mark, Mark value) const noexcept {
        return (mark & ~mask) | bits(value);
    }
    // The bits of which every forward mark has one, and no other mark any.
    [[nodiscard]] constexpr std::uint32_t forward_bits() const noexcept { return mask & ~bits(static_cast<Mark>(15)); }
    [[nodiscard]] constexpr Mark of(std::uint32_t mark) const noexcept {
        return static_cast<Mark>((mark & mask) >> std::countr_zero(mask));
    }
};

}  // namespace postern
