#include "posternd/guard.h"

#include <algorithm>

#include "base/timestamp.h"

namespace postern {
namespace {

constexpr Duration patience = std::chrono::seconds{15};  // the watch reports every five
constexpr std::uint64_t longest_ms = 86'400'000;         // whatever the asker says

std::string seconds(std::uint64_t ms) {
    return std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 100) + " s";
}

}  // namespace

bool Guard::watched(Instant now) const { return state_ && now.steady - heard_ < patience; }

std::optional<log::Event> Guard::hear(const control::GuardReport& report, Instant now) {
    const bool changed = state_ != report.state && (state_ || report.state == State::unguarded);
    const bool first = !state_;
    heard_ = now.steady;
    if (changed || first) {
        const std::uint64_t before = report.state == State::unguarded ? std::min(report.for_ms, longest_ms) : 0;
        since_ = now.wall - std::chrono::milliseconds{before};
    }
    state_ = report.state;
    text_ = report.text;
    if (!changed) return std::nullopt;
    if (report.state == State::unguarded) return log::engine_event(log::What::unguarded, report.text, now.wall);
    if (report.state == State::open)
        return log::engine_event(log::What::unguarded, "no rules are meant to stand", now.wall);
    return log::engine_event(log::What::guarded,
                             "unguarded for at most " + seconds(report.for_ms) +
                                 "; connections ended that came in: " + std::to_string(report.revoked),
                             now.wall, report.revoked);
}

std::string Guard::sentence(Instant now) const {
    if (!watched(now))
        return "not watched: nothing puts vanished rules back until `posternctl rules watch` runs; `posternctl rules "
               "check` compares them with the policy";
    if (*state_ == State::guarded) return "guarded and watched, since " + to_text(since_);
    if (*state_ == State::open) return "none are meant to stand: the gateway is open";
    return "UNGUARDED since " + to_text(since_) + ": " + text_;
}

std::optional<std::string> Guard::warning(Instant now) const {
    if (!watched(now) || *state_ == State::guarded) return std::nullopt;
    return "the rules do not stand: " + (*state_ == State::open ? "none are meant to" : text_);
}

}  // namespace postern
