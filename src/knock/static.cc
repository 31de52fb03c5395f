// The static scheme: the same steps every time, and only in their order. A step that comes early is a wrong packet and
// is not remembered; a step that was taken may come again as often as it likes. So a sender whose packets changed
// places on the way completes the sequence by sending all of it again.
//
// It proves nothing but to have seen the sequence: whoever watches it once has it.
#include <algorithm>

#include "knock/sequence.h"

namespace postern::knock {

Taken take_static(const Sequence& sequence, Track& track, const PacketView& packet) noexcept {
    const auto first = sequence.steps.begin(), next = first + track.next;
    if (next->taken_by(packet)) return ++track.next == sequence.steps.size() ? Taken::last_step : Taken::step;
    const bool again = std::any_of(first, next, [&](const Step& step) { return step.taken_by(packet); });
    return again ? Taken::repeat : Taken::nothing;
}

}  // namespace postern::knock
