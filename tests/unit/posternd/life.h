// A life of a gate: a World whose replay memory a Keeper keeps in a directory, from a start to an end or a kill. Each
// life has tables of its own; what it knows of the one before it has from the disk.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "posternd/keeper.h"
#include "unit/gate/world.h"

namespace postern::test {

inline constexpr Duration second = std::chrono::seconds{1};
using Datagram = std::vector<std::uint8_t>;

struct Life : World {
    // `lines`: of the one-time list of a knock `door`; none: there is no such knock.
    Life(const std::filesystem::path& directory, Instant from, SpentMarkers markers = {},
         const std::vector<std::string>& lines = {}, const std::filesystem::path& anchor = {}) {
        begin_at(from);
        if (!lines.empty()) use(with_door(lines));
        current = std::make_unique<CurrentPolicy>(shared_policy());
        keeper = std::make_unique<Keeper>(tables(), *current, StatePlace{directory, anchor});
        keeper->begin(markers, now());
    }
    std::unique_ptr<CurrentPolicy> current;
    std::unique_ptr<Keeper> keeper;

    Policy with_door(const std::vector<std::string>& lines) {
        Policy policy = draft();
        policy.knocks = {listed_knock("door", lines)};
        return policy;
    }
    // Another policy, before the keeper looks.
    void reload(Policy policy) {
        use(std::move(policy));
        current->publish(shared_policy());
    }

    void pass_and_look(Duration time) {
        for (; time >= second; time -= second) pass(second), keeper->look(now());
        pass(time), keeper->look(now());
    }
    void set_clock(Duration step) { step_wall_clock(step), keeper->look(now()); }

    Datagram sealed() { return seal(alice, claims("ssh", home)); }
    Reason send(const Datagram& datagram) { return deliver(datagram, home).reason; }
    Reason send_new() { return send(sealed()); }
    Reason send_new(const Person& who) { return send(seal(who, claims("ssh", home))); }
};

inline const SpentMarkers fresh{{keys_of(1).public_key}, std::nullopt};  // the world's gateway key
inline const Instant dawn{SteadyTime{std::chrono::seconds{1000}}, wall_time(1'800'000'000)};

// How long a member who tries every second is refused.
inline Duration refused_for(Life& life, const Person& who) {
    for (Duration waited{}; waited < std::chrono::hours{48}; waited += second, life.pass_and_look(second))
        if (life.send_new(who) == Reason::spa_accepted) return waited;
    return Duration::max();
}
inline Duration refused_for(Life& life) { return refused_for(life, life.alice); }

// Where its one-time list is.
inline knock::LineCounter::Position position(Life& life) {
    return life.tables().client(life.policy().knocks.front().identity.id).lines.position();
}

// The line of some_lines(), knocked from home.
inline Reason walk(Life& life, int line) {
    life.pass(second);  // grants of a knock have room for so many at a time
    return life.knock_line(some_lines(1, line).front(), life.home);
}

inline constexpr Duration promised =
    2 * std::chrono::seconds{30} + Keeper::lead + second;  // twice the skew, and the lead

}  // namespace postern::test
