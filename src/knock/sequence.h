// A knock sequence as the policy has it, how far a source has come in one, and what every scheme has to answer.
//
//     ── first step ──► begun ── next step ──► ... ── last step ──► complete
//                         │  a step taken before, again: nothing happens
//                         │  anything else: one wrong packet; more than are tolerated void it
//                         └─ deadline, counted from the first step: over
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "knock/step.h"

namespace postern::knock {

enum class Scheme : std::uint8_t {
#define POSTERN_KNOCK_SCHEME(name, meaning) name##_,
#include "knock/schemes.def"
#undef POSTERN_KNOCK_SCHEME
};

[[nodiscard]] std::string_view word(Scheme scheme) noexcept;

// What a sequence is for: to be let in, or to end what it let in.
enum class Part : std::uint8_t { opening, closing };

// Names a sequence over reloads. ClientId::none: no sequence.
struct SequenceId {
    ClientId knock = ClientId::none;
    Part part = Part::opening;
    ListId list = ListId::none;  // none: of no one-time list, and good as often as one likes
    std::uint16_t line = 0;      // from 0

    [[nodiscard]] bool listed() const noexcept { return list != ListId::none; }
    [[nodiscard]] bool same_but_line(const SequenceId& other) const noexcept {
        return knock == other.knock && part == other.part && list == other.list;
    }
    auto operator<=>(const SequenceId&) const = default;
};

inline constexpr std::size_t fewest_steps = 2;
inline constexpr std::size_t most_steps = 16;
inline constexpr std::uint8_t most_tolerated = 16;
inline constexpr std::uint8_t all_tolerated = 0xff;  // strictness: ignore

struct Sequence {
    SequenceId id;
    Scheme scheme = Scheme::static_;
    std::vector<Step> steps;  // no two alike
    Duration deadline = std::chrono::seconds{10};
    std::uint8_t tolerated = 3;  // wrong packets; 0: reset
};

// How far one source has come in one sequence.
struct Track {
    SequenceId sequence;
    std::uint8_t next = 0;   // the step to come, from 0
    std::uint8_t wrong = 0;  // packets that were none of ours since it began
    SteadyTime began;
    SteadyTime expires;

    [[nodiscard]] bool idle() const noexcept { return sequence.knock == ClientId::none; }
};

// What a packet is to a track.
enum class Taken : std::uint8_t { nothing, repeat, step, last_step };

// Moves the track on where the packet takes its next step. The scheme's own file says what that is; deadline and wrong
// packets are the same for all (judge.h). Pure; allocates nothing.
[[nodiscard]] Taken take(const Sequence& sequence, Track& track, const PacketView& packet) noexcept;

// The steps between commas: what stands for a sequence where it is compared or remembered.
[[nodiscard]] std::string to_text(const std::vector<Step>& steps);

}  // namespace postern::knock
