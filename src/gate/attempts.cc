#include "gate/attempts.h"

#include <algorithm>

namespace postern {

void FlowCounters::reset(std::uint8_t attempt, std::uint32_t generation, std::size_t services,
                         std::uint16_t flows) noexcept {
    for (std::size_t i = 0; i < services_per_attempt; ++i)
        words_[attempt][i].store(std::uint64_t{generation} << 32 | (i < services ? flows : 0u));
}

bool FlowCounters::take(FlowCounter counter) noexcept {
    Word& word = words_[counter.attempt][counter.service];
    std::uint64_t seen = word.load();
    do {
        const bool ours = seen >> 32 == counter.generation;
        if (!ours || static_cast<std::uint32_t>(seen) == 0) return false;
    } while (!word.compare_exchange_weak(seen, seen - 1));
    return true;
}

std::uint16_t FlowCounters::left(FlowCounter counter) const noexcept {
    const std::uint64_t seen = words_[counter.attempt][counter.service].load();
    return seen >> 32 == counter.generation ? static_cast<std::uint16_t>(seen) : std::uint16_t{0};
}

void FlowCounters::set(FlowCounter counter, std::uint16_t flows) noexcept {
    words_[counter.attempt][counter.service].store(std::uint64_t{counter.generation} << 32 | flows);
}

const Attempt* Attempts::at(FlowCounter counter) const noexcept {
    const Attempt& attempt = places_[counter.attempt];
    return attempt.generation == counter.generation ? &attempt : nullptr;
}

Attempt* Attempts::find(const AttemptId& id) noexcept {
    const auto found = std::find_if(places_.begin(), places_.end(), [&](const Attempt& attempt) {
        return attempt.generation != 0 && attempt.id == id;
    });
    return found == places_.end() ? nullptr : &*found;
}

void Attempts::put_back(FlowCounter counter, const Attempt& part) noexcept {
    Attempt& place = places_[counter.attempt];
    if (place.generation != part.generation) place = part;
    turn_ = static_cast<std::uint8_t>((counter.attempt + 1) % attempts_per_client);  // it is among the youngest
    place.service_count = std::max(place.service_count, part.service_count);
    place.services[counter.service] = part.services[counter.service];
    for (std::size_t i = 0; i < place.sources.size(); ++i)
        if (part.sources[i]) place.sources[i] = part.sources[i];
}

Attempt* Attempts::next(SteadyTime now, const FlowCounters& counters) noexcept {
    for (std::size_t i = 0; i < attempts_per_client; ++i) {
        Attempt& place = places_[turn_];
        turn_ = static_cast<std::uint8_t>((turn_ + 1) % attempts_per_client);
        if (over(place, now, counters)) return &place;
    }
    return nullptr;
}

bool Attempts::over(const Attempt& attempt, SteadyTime now, const FlowCounters& counters) const noexcept {
    if (attempt.generation == 0 || attempt.expires <= now) return true;
    for (std::uint8_t i = 0; i < attempt.service_count; ++i)
        if (counters.left({place_of(attempt), i, attempt.generation}) > 0) return false;
    return true;
}

}  // namespace postern
