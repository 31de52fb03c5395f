// Which times the state on disk answers for: only messages of such times may be accepted, because after a crash all of
// them count as used. Whoever writes that state covers times in advance; no verdict waits for it.
#pragma once

#include <optional>

#include "base/guarded.h"
#include "base/time_spans.h"

namespace postern {

// Threads: any.
class Horizon {
public:
    // In the beginning everything: without a disk there is nothing to wait for.
    void cover(TimeSpan span) {
        covered_.with([&](Covered& covered) { covered = span; });
    }

    // Whoever takes a client's lock behind this call finds all that was accepted before the next cover().
    void close() {
        covered_.with([](Covered& covered) { covered.reset(); });
    }

    [[nodiscard]] bool covers(WallTime time) const {
        return covered_.with([&](const Covered& covered) { return covered && covered->contains(time); });
    }

private:
    using Covered = std::optional<TimeSpan>;
    mutable Guarded<Covered> covered_{TimeSpan{WallTime::min(), WallTime::max()}};
};

}  // namespace postern
