// What will happen, in the order of virtual time; of two deeds of one instant the one that was entered first comes
// first. Nothing waits: time is the time of the deed that is done.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace postern::sim {

class Agenda {
public:
    using Deed = std::function<void()>;

    [[nodiscard]] SteadyTime now() const noexcept { return now_; }

    void in(Duration wait, Deed deed) { deeds_.emplace(std::pair{now_ + wait, ++entered_}, std::move(deed)); }

    // Does what is due before `end`; leaves at once where stop() holds.
    template <class Stop>
    void run(SteadyTime end, Stop&& stop) {
        while (!stop() && !deeds_.empty() && deeds_.begin()->first.first < end) {
            auto next = deeds_.extract(deeds_.begin());
            now_ = next.key().first;
            next.mapped()();
        }
        if (!stop()) now_ = end;
    }

private:
    SteadyTime now_{std::chrono::hours{1}};
    std::uint64_t entered_ = 0;
    std::map<std::pair<SteadyTime, std::uint64_t>, Deed> deeds_;
};

}  // namespace postern::sim
