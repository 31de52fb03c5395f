// A new policy takes the old one's place, whole or not at all.
#pragma once

#include "control/messages.h"
#include "posternd/engine.h"

namespace postern {

// Thread: main. Tables, grants and flows stay; they are judged by the new policy from then on.
// One that is refused changes nothing, and the policy in force is stale until a good one comes.
[[nodiscard]] Result<control::ReloadReport> reload(Engine& engine);

}  // namespace postern
