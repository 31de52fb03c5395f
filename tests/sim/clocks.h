// The clocks of a world: the steady one, the true time of day, and what the gate's wall clock shows of it.
#pragma once

#include "agenda.h"
#include "base/time_spans.h"

namespace postern::sim {

class Clocks {
public:
    Clocks(const Agenda& agenda, WallTime truth) : agenda_{agenda}, began_{truth - agenda.now().time_since_epoch()} {}

    [[nodiscard]] SteadyTime steady() const noexcept { return agenda_.now(); }
    [[nodiscard]] WallTime truth() const noexcept { return began_ + steady().time_since_epoch(); }
    [[nodiscard]] Instant gate() const noexcept { return {steady(), truth() + off_}; }
    [[nodiscard]] Duration off() const noexcept { return off_; }
    void step(Duration by) noexcept { off_ += by; }

private:
    const Agenda& agenda_;
    WallTime began_;  // when steady time was zero
    Duration off_{};  // the gate's wall clock minus the truth
};

}  // namespace postern::sim
