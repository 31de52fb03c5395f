#include "gate/observe.h"

namespace postern {

Decision observed(Decision decision, const PacketView& packet, const Policy& policy) noexcept {
    if (decision.verdict == Verdict::accept || !packet.observing || !policy.gateway.observe) return decision;
    decision.observed = true;
    decision.mark = Mark::observed;
    return decision;
}

}  // namespace postern
