// Keeps on disk what must outlive the daemon, always ahead of what the workers accept, so that no verdict waits for it.
//
//     horizon, on disk before it is in memory:   [ now - skew ............ now + skew + lead ]
//
// It is moved on some seconds before it runs out. Every ten minutes, and where the wall clock was set, what was
// accepted is written exactly and another stretch begins; so no more counts as used after a crash than these minutes,
// skew and lead explain. Where the disk refuses, the horizon runs out by itself: spa_not_durable.
//
// Lines of one-time lists count as used on disk before they can be used, two at a time: knock_not_durable.
#pragma once

#include <filesystem>
#include <string>

#include "gate/tables.h"
#include "posternd/current.h"
#include "posternd/recall.h"

namespace postern {

class Keeper {
public:
    static constexpr Duration lead = std::chrono::seconds{8};  // how far a horizon begins to reach beyond what is fresh
    static constexpr Duration renewal = std::chrono::seconds{4};   // it is moved on when less is left
    static constexpr Duration stretch = std::chrono::minutes{10};  // from there on one is too long

    // Both outlive it. Closes the horizon, and holds lines back.
    Keeper(Tables& tables, const CurrentPolicy& current, StatePlace place);

    // Reads what the process before left and opens the horizon, or has report() say why not and goes on trying. Before
    // the workers start; the tables know the policy's clients by then.
    void begin(const SpentMarkers& markers, Instant now);

    // Does what is due; call it some times a second. Thread: any one.
    void look(Instant now);

    // Behind the workers' end: writes exactly what was accepted. What it returns is an Error for the operator.
    [[nodiscard]] Result<void> end();

    struct Report {
        std::string trouble;  // why nothing can be written; empty: it can
        std::string warning;  // why SPA is refused that names a time up to `refused_until`; empty: it is not
        WallTime refused_until = WallTime::min();
        std::string anchor_trouble;  // why a copy of the state that is put back would not be recognised
        std::string lines_warning;   // why lines of one-time lists counted as used at the start; empty: they did not
    };
    // Threads: any.
    [[nodiscard]] Report report() const;

    // What was accepted by now, as an end in order would write it, but for lines that are reserved; nothing where there
    // is no state. Threads: any.
    [[nodiscard]] std::optional<store::State> exact(Used lines = Used::perhaps) const;

private:
    void recall(Instant now);
    void follow_clock(Instant now, Duration skew);
    // These return whether the disk has what it has to have.
    [[nodiscard]] bool look_at_horizon(Instant now);
    [[nodiscard]] bool rewrite(TimeSpan covered);
    [[nodiscard]] bool begin_stretch(TimeSpan covered);
    [[nodiscard]] bool begin_shorter(TimeSpan covered);
    [[nodiscard]] bool move_on(TimeSpan covered);
    void reserve_lines();
    void saved(store::State state);
    void cover(TimeSpan covered);
    bool done(const store::Outcome<void>& written);

    Tables& tables_;
    const CurrentPolicy& current_;
    StatePlace place_;
    SpentMarkers markers_;
    std::optional<store::StateFile> file_;
    mutable Guarded<std::optional<store::State>> saved_;  // as on disk, without windows and lines; nothing: unknown
    std::optional<TimeSpan> covered_;                     // on disk, and the horizon lies within; nothing: it is closed
    std::uint64_t policy_generation_ = 0;
    SteadyTime try_again_{}, shorten_again_{};
    std::optional<Instant> doubted_;  // a start that took everything up to then and the skew for used
    mutable Guarded<Report> report_;
};

}  // namespace postern
