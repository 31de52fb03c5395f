// What belongs to a client rather than to a source: which of its messages were accepted, and what its attempts may
// open.
//
// An attempt is all the datagrams with one attempt id: repeats, and those of both families. They share one counter of
// flows per service, so that neither a retry nor the other family adds to what the first datagram was granted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/guarded.h"
#include "base/ids.h"
#include "gate/grant.h"
#include "knock/one_time.h"
#include "spa/replay_window.h"

namespace postern {

inline constexpr std::size_t attempts_per_client = 128;  // live ones, and the latest of those that are over
inline constexpr std::size_t services_per_attempt = 8;

// The flows that one client's attempts may still open. Lock-free: consumed under the locks of different shards.
class FlowCounters {
public:
    // Sets the counters of a place for a new attempt; whoever held its old generation finds it empty.
    void reset(std::uint8_t attempt, std::uint32_t generation, std::size_t services, std::uint16_t flows) noexcept;

    // Takes one flow. False where none is left or the place was given to another attempt. Exactly `flows` callers of
    // all threads succeed.
    [[nodiscard]] bool take(FlowCounter counter) noexcept;

    [[nodiscard]] std::uint16_t left(FlowCounter counter) const noexcept;

    // As it was in another process; before anybody takes.
    void set(FlowCounter counter, std::uint16_t flows) noexcept;

private:
    using Word = std::atomic<std::uint64_t>;  // generation << 32 | flows left
    std::array<std::array<Word, services_per_attempt>, attempts_per_client> words_{};
};

struct Attempt {
    AttemptId id{};
    std::uint32_t generation = 0;  // 0: this place was never used
    SteadyTime expires;
    std::uint8_t service_count = 0;
    std::array<ServiceId, services_per_attempt> services{};
    std::array<std::optional<IpAddress>, 2> sources;  // IPv4, IPv6: whose grants were made

    [[nodiscard]] std::optional<IpAddress>& source(Family family) noexcept {
        return sources[family == Family::v4 ? 0 : 1];
    }
};

// Places are given in a ring: an attempt is forgotten when it is over and its turn comes round.
class Attempts {
public:
    // Null where no attempt of that id is remembered.
    [[nodiscard]] Attempt* find(const AttemptId& id) noexcept;

    // What lies in a place; null where it was given to another attempt.
    [[nodiscard]] const Attempt* at(FlowCounter counter) const noexcept;

    // Part of an attempt of another process, in the place that it had there: its services and sources join the others.
    void put_back(FlowCounter counter, const Attempt& part) noexcept;

    // The next place in the ring where what lies there is over; null where all attempts of the client are live.
    [[nodiscard]] Attempt* next(SteadyTime now, const FlowCounters& counters) noexcept;

    [[nodiscard]] std::uint8_t place_of(const Attempt& attempt) const noexcept {
        return static_cast<std::uint8_t>(&attempt - places_.data());
    }

private:
    [[nodiscard]] bool over(const Attempt& attempt, SteadyTime now, const FlowCounters& counters) const noexcept;

    std::array<Attempt, attempts_per_client> places_{};
    std::uint8_t turn_ = 0;
};

// Lock order: a client's lock and a shard's are never held together.
struct ClientState {
    struct Proofs {
        spa::ReplayWindow window;
        Attempts attempts;
    };
    explicit ClientState(const spa::ReplayWindow& window) : proofs{Proofs{window, {}}} {}

    Guarded<Proofs> proofs;
    FlowCounters flows;
    knock::LineCounter lines;  // of a knock with a one-time list
};

}  // namespace postern
