// Which messages were accepted, of all clients, and which lines of one-time lists are used: what must outlive the
// process, whole or, of messages, as the stretch of time in which it happened.
#pragma once

#include <map>
#include <set>

#include "base/time_spans.h"
#include "knock/one_time.h"
#include "noise/keys.h"
#include "spa/replay_window.h"

namespace postern {

struct ReplayMemory {
    TimeSpans used;                                         // of every key that has no window here
    std::map<noise::PublicKey, spa::ReplayWindow> windows;  // by client key
    std::set<knock::LineDigest> lines;                      // used or void
    bool lines_doubted = false;  // nothing proves those fresh that a policy has, now or when it first has them

    // Whatever was sent in this time may have been accepted, from whichever client it came.
    void use(TimeSpan span, Duration skew) {
        used.add(span, 2 * skew);
        for (auto& [key, window] : windows) window.use(span, skew);
    }

    [[nodiscard]] spa::ReplayWindow window(const noise::PublicKey& key) const {
        const auto found = windows.find(key);
        return found == windows.end() ? spa::ReplayWindow{used} : found->second;
    }
};

}  // namespace postern
