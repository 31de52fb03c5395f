// What decide() says about one packet.
#pragma once

#include "base/ids.h"
#include "base/marks.h"
#include "base/time.h"
#include "base/verdict.h"

namespace postern {

// A default-made decision drops. SPA and knock packets are always dropped, whatever they achieved; `reason` tells.
struct Decision {
    Verdict verdict = Verdict::drop;
    Reason reason = Reason::malformed;

    ClientId client = ClientId::none;     // who proved a key or knocked, or whose grant it is
    ServiceId service = ServiceId::none;  // which service, where one is concerned
    GrantId grant = GrantId::none;        // which grant was made or used
    AttemptId attempt{};                  // of an opened SPA message
    Duration offset{};                    // client's clock minus the gateway's, of an opened SPA message
    bool ends_flows = false;              // flows were ended in the tables: their connections are to follow
    std::uint8_t stage = 0;               // steps of a knock sequence that are taken by now
    Mark mark = Mark::refused;            // of what is let in: carries it to the rules; who forgets it has refused
    bool observed = false;                // refused, and let in because the ruleset observes
    bool unbound = false;                 // the grant goes to whatever address the datagram came from (`as seen`)

    [[nodiscard]] bool lets_in() const noexcept { return verdict == Verdict::accept || observed; }
};

}  // namespace postern
