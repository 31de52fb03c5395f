#include "gate/grant.h"

namespace postern {

bool Flow::settles(SteadyTime now) noexcept {
    constexpr std::uint32_t most_in_second = 256;
    if (now - second_began >= std::chrono::seconds{1}) {
        second_began = now;
        accepts_in_second = 0;
    }
    ++accepts;
    return ++accepts_in_second <= most_in_second;
}

}  // namespace postern
