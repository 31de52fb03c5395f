// An empty network namespace to try things in: what is loaded there touches nobody.
#pragma once

#include "base/result.h"

namespace postern::io {

// The calling thread, and every program it runs, lives in a new, empty network namespace as long as this object lives,
// and is back in its own one afterwards. Needs CAP_SYS_ADMIN. Threads: one, the one that made it.
class ScratchNetwork {
public:
    [[nodiscard]] static Result<ScratchNetwork> enter();
    ~ScratchNetwork();
    ScratchNetwork(ScratchNetwork&& other) noexcept : home_{other.home_} { other.home_ = -1; }
    ScratchNetwork& operator=(ScratchNetwork&&) = delete;

private:
    explicit ScratchNetwork(int home) noexcept : home_{home} {}
    int home_;  // descriptor of the namespace to go back to; -1: moved from
};

}  // namespace postern::io
