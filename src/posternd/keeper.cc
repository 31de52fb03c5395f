#include "posternd/keeper.h"

#include <algorithm>

#include "store/anchor.h"

namespace postern {
namespace {

constexpr Duration between_tries = std::chrono::seconds{2};
constexpr Duration between_shortenings = std::chrono::minutes{1};
constexpr Duration jitter = std::chrono::seconds{1};  // a clock that goes back by less was not set

bool covers(const TimeSpan& span, const TimeSpan& other) noexcept {
    return span.from <= other.from && other.to <= span.to;
}
bool touch(const TimeSpan& a, const TimeSpan& b) noexcept { return a.from <= b.to && b.from <= a.to; }
TimeSpan around(const TimeSpan& a, const TimeSpan& b) noexcept {
    return {std::min(a.from, b.from), std::max(a.to, b.to)};
}

// Until when messages of this time are refused; the beginning of time: they are not.
WallTime refused_until(const ReplayMemory& memory, WallTime now) noexcept {
    for (const TimeSpan& span : memory.used.all())
        if (span.contains(now)) return span.to;
    return WallTime::min();
}

}  // namespace

Keeper::Keeper(Tables& tables, const CurrentPolicy& current, StatePlace place)
    : tables_{tables}, current_{current}, place_{std::move(place)} {
    tables_.horizon().close();
    tables_.lines().with([](LineMemory& lines) { lines.hold(); });
}

void Keeper::begin(const SpentMarkers& markers, Instant now) {
    markers_ = markers;
    look(now);
}

void Keeper::look(Instant now) {
    if (!file_) {
        if (now.steady < try_again_) return;
        try_again_ = now.steady + between_tries;
        recall(now);
        if (!file_) return;
    }
    // Not before an exact write: the anchor would speak for a state that is doubted.
    if (look_at_horizon(now)) reserve_lines();
}

bool Keeper::look_at_horizon(Instant now) {
    const auto policy = current_.get();
    const Duration skew = policy->gateway.skew;
    follow_clock(now, skew);
    const TimeSpan needed{earlier(now.wall, skew), later(now.wall, skew + renewal)};
    const TimeSpan wanted{needed.from, later(now.wall, skew + lead)};
    const bool set = covered_ && (!touch(*covered_, needed) || covered_->to > later(wanted.to, jitter));
    if (!covered_ || set) return begin_stretch(wanted);
    if (covered_->from < earlier(needed.from, stretch) && now.steady >= shorten_again_) {
        shorten_again_ = now.steady + between_shortenings;
        return begin_shorter(wanted);
    }
    if (policy->generation != policy_generation_) return rewrite(around(*covered_, wanted));
    return covers(*covered_, needed) || move_on(around(*covered_, wanted));
}

void Keeper::recall(Instant now) {
    Recalled recalled = postern::recall(place_, *current_.get(), markers_, now.wall);
    report_.with([&](Report& report) {
        report = {recalled.trouble,
                  recalled.warning,
                  refused_until(recalled.memory, now.wall),
                  {},
                  recalled.memory.lines_doubted ? recalled.warning : std::string{}};
    });
    if (!recalled.file) return;
    file_ = std::move(recalled.file);
    saved_.with([&](auto& saved) { saved = std::move(recalled.state); });
    tables_.remember(std::move(recalled.memory));
    if (recalled.doubted) doubted_ = now;
}

// Whoever knows nothing of before takes the clock's word for when that was. Where the clock turns out to have been
// behind, as on a machine that keeps no time while it is off, more counts as used.
void Keeper::follow_clock(Instant now, Duration skew) {
    if (!doubted_) return;
    const Duration behind = (now.wall - doubted_->wall) - (now.steady - doubted_->steady);
    if (behind <= jitter) return;
    doubted_->wall += behind;
    tables_.horizon().close();  // before what was accepted is read: then that is all of it
    covered_.reset();
    ReplayMemory memory = tables_.replay_memory(Used::surely);
    memory.use({WallTime::min(), later(doubted_->wall, skew)}, skew);
    report_.with([&](Report& report) { report.refused_until = later(doubted_->wall, skew); });
    tables_.remember(std::move(memory));
}

// Exactly what was accepted, and that more of these times may be.
bool Keeper::rewrite(TimeSpan covered) {
    const std::uint64_t generation = current_.get()->generation;
    store::State state = *exact();
    state.covered = covered;
    ++state.sequence;
    if (!done(file_->save(state))) return false;
    saved(std::move(state));
    policy_generation_ = generation;
    cover(covered);
    return true;
}

// The anchor last, so that it is never ahead of what the file and exact() say.
void Keeper::saved(store::State state) {
    state.replays = {};
    state.lines = {};
    saved_.with([&](auto& known) { known = state; });
    if (place_.anchor.empty()) return;
    const auto written = store::write_anchor(place_.anchor, {state.id, state.sequence});
    report_.with([&](Report& report) { report.anchor_trouble = written ? std::string{} : written.error().text; });
}

std::optional<store::State> Keeper::exact(Used lines) const {
    auto state = saved_.with([](const auto& saved) { return saved; });
    if (state) *state = state_of(tables_.replay_memory(lines), *current_.get(), *state);
    return state;
}

bool Keeper::begin_stretch(TimeSpan covered) {
    tables_.horizon().close();  // before what was accepted is read: then that is all of it
    covered_.reset();
    return rewrite(covered);
}

// The same while members get in: what is accepted meanwhile lies in both stretches. A batch may be a moment old.
bool Keeper::begin_shorter(TimeSpan covered) {
    const TimeSpan meanwhile{earlier(covered.from, jitter), covered_->to};
    tables_.horizon().cover(meanwhile);
    return rewrite(around(meanwhile, covered));
}

bool Keeper::move_on(TimeSpan covered) {
    if (!done(file_->cover(covered))) return false;
    cover(covered);
    return true;
}

// No other thread reserves or writes, so what ahead() says holds until reserve(), or the list has changed meanwhile.
void Keeper::reserve_lines() {
    const auto ahead = tables_.lines().with([](const LineMemory& lines) { return lines.ahead(); });
    std::vector<store::Bytes32> digests;
    for (const LinesAhead& lines : ahead) digests.insert(digests.end(), lines.digests.begin(), lines.digests.end());
    if (digests.empty()) return;
    auto state = saved_.with([](const auto& known) { return known; });
    if (!done(file_->spend(digests, ++state->sequence))) return;
    saved(std::move(*state));
    tables_.lines().with([&](LineMemory& lines) {
        for (const LinesAhead& each : ahead) lines.reserve(each);
    });
}

// What is on disk now is in force.
void Keeper::cover(TimeSpan covered) {
    covered_ = covered;
    tables_.horizon().cover(covered);
}

bool Keeper::done(const store::Outcome<void>& written) {
    report_.with([&](Report& report) { report.trouble = written ? std::string{} : written.error().text; });
    return written.has_value();
}

Result<void> Keeper::end() {
    tables_.horizon().close();
    tables_.lines().with([](LineMemory& lines) { lines.hold(); });
    if (!file_) return {};
    store::State state = *exact(Used::surely);
    ++state.sequence;
    if (const auto done = file_->save(state); !done)
        return failure(done.error().text + "; the next start refuses SPA for a while");
    saved(std::move(state));
    return {};
}

Keeper::Report Keeper::report() const {
    return report_.with([](const Report& report) { return report; });
}

}  // namespace postern
