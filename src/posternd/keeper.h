// Keeps on disk what must outlive the daemon, always ahead of what the workers accept, so that no verdict waits for it.
//
//     horizon, on disk before it is in memory:   [ now - skew ............ now + skew + lead ]
//
// It is moved on some seconds before it runs out. Every ten minutes, and where the wall clock was set, what was
// accepted is written exactly and another stretch begins; so no more counts as used after a crash than these minutes,
// skew and lead explain. Where the disk refuses, the horizon runs out by itself: spa_not_durable.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "gate/tables.h"
#include "posternd/current.h"
#include "posternd/recall.h"

namespace postern {

class Keeper {
public:
    static constexpr Duration lead = std::chrono::seconds{8};  // how far a horizon begins to reach beyond what is fresh
    static constexpr Duration renewal = std::chrono::seconds{4};   // it is moved on when less is left
    static constexpr Duration stretch = std::chrono::minutes{10};  // from there on one is too long

    // Both outlive it. Closes the horizon.
    Keeper(Tables& tables, const CurrentPolicy& current, std::filesystem::path directory);

    // Reads what the process before left and opens the horizon, or has report() say why not and goes on trying. Before
    // the workers start; the tables know the policy's clients by then.
    void begin(const SpentMarkers& markers, Instant now);

    // From here on a thread of its own looks at the clock, four times a second, and does what is due.
    void run();
    void look(Instant now);  // one such look, where no thread runs

    // Behind the workers' end: writes exactly what was accepted. What it returns is an Error for the operator.
    [[nodiscard]] Result<void> end();

    struct Report {
        std::string trouble;  // why nothing can be written; empty: it can
        std::string warning;  // why SPA is refused that names a time up to `refused_until`; empty: it is not
        WallTime refused_until = WallTime::min();
    };
    // Threads: any.
    [[nodiscard]] Report report() const;

private:
    void keep(const std::stop_token& stop);
    void recall(Instant now);
    [[nodiscard]] bool write(TimeSpan covered);
    void begin_stretch(TimeSpan covered);
    void begin_shorter(TimeSpan covered);
    void move_on(TimeSpan covered);
    void cover(TimeSpan covered);
    bool done(const store::Outcome<void>& written);

    Tables& tables_;
    const CurrentPolicy& current_;
    std::filesystem::path directory_;
    SpentMarkers markers_;
    std::optional<store::StateFile> file_;
    store::State state_;               // identity of what lies on disk
    std::optional<TimeSpan> covered_;  // on disk, and the horizon lies within; nothing: it is closed
    std::uint64_t policy_generation_ = 0;
    SteadyTime try_again_{}, shorten_again_{};
    mutable Guarded<Report> report_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace postern
