// A grant and a flow: what an authorization is before and after the one connection it is good for (DESIGN 5).
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/marks.h"
#include "base/time.h"
#include "packet/flow.h"

namespace postern {

// Where the number of flows that an attempt may still open is kept: with the client, shared by both families
// (gate/attempts.h). `generation` tells a reused place from the one that was meant.
struct FlowCounter {
    std::uint8_t attempt = 0;
    std::uint8_t service = 0;
    std::uint32_t generation = 0;
};

// Client x service x source, good for a window. Lies in the shard of its source.
struct Grant {
    GrantId id = GrantId::none;
    ClientId client = ClientId::none;
    ServiceId service = ServiceId::none;
    IpAddress source;
    std::uint16_t source_port = 0;  // 0: any
    SteadyTime expires;
    FlowCounter counter;
    bool used = false;  // its counter was seen empty; kept only to explain
    bool told = false;  // its end was reported

    [[nodiscard]] bool over(SteadyTime now) const noexcept { return used || expires <= now; }
    [[nodiscard]] bool admits_port(std::uint16_t port) const noexcept {
        return source_port == 0 || source_port == port;
    }
};

// Why a flow is ended although its two ends still use it. The log's word is the same.
enum class Ending : std::uint8_t {
    none,            // it is not
    revoked,         // by an operator
    session_max,     // it lasted as long as a session may
    client_expired,  // its client's time in the policy is over
    withdrawn,       // its client or its service left the policy, or the one may no longer open the other
    close_knock,     // its client knocked the sequence that closes
};

// A flow that was let in. The kernel's connection mark carries it once its entry is confirmed; until then, and for its
// twins in other queues, this entry does.
struct Flow {
    GrantId grant = GrantId::none;
    ClientId client = ClientId::none;
    ServiceId service = ServiceId::none;
    std::uint32_t initial_sequence = 0;  // TCP: another one is another connection
    SteadyTime opened;
    SteadyTime second_began;  // of the count below
    std::uint32_t accepts_in_second = 0;
    std::uint64_t accepts = 0;
    Mark mark = Mark::accepted;  // as it was given: it says where the flow goes
    Ending ending = Ending::none;  // other than none: kept until the kernel's connection is marked, too

    bool local = true;             // its destination is the gateway's own

    [[nodiscard]] bool ended() const noexcept { return ending != Ending::none; }

    // Counts one more accept; false when there were more than 256 in one second: our mark is being lost.
    [[nodiscard]] bool settles(SteadyTime now) noexcept;
};

}  // namespace postern
