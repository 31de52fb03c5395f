#include "posternd/keeper.h"

#include <algorithm>

#include "io/clock.h"

namespace postern {
namespace {

constexpr std::chrono::milliseconds patience{250};  // between two looks at the clock
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

Keeper::Keeper(Tables& tables, const CurrentPolicy& current, std::filesystem::path directory)
    : tables_{tables}, current_{current}, directory_{std::move(directory)} {
    tables_.horizon().close();
}

void Keeper::begin(const SpentMarkers& markers, Instant now) {
    markers_ = markers;
    look(now);
}

void Keeper::run() {
    thread_ = std::jthread{[this](const std::stop_token& stop) { keep(stop); }};
}

void Keeper::keep(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
        (void)wake_.wait_for(lock, stop, patience, [] { return false; });
        if (!stop.stop_requested()) look(io::now());
    }
}

void Keeper::look(Instant now) {
    if (!file_) {
        if (now.steady < try_again_) return;
        try_again_ = now.steady + between_tries;
        recall(now);
        if (!file_) return;
    }
    const auto policy = current_.get();
    const Duration skew = policy->gateway.skew;
    const TimeSpan needed{earlier(now.wall, skew), later(now.wall, skew + renewal)};
    const TimeSpan wanted{needed.from, later(now.wall, skew + lead)};
    const bool set = covered_ && (!touch(*covered_, needed) || covered_->to > later(wanted.to, jitter));
    if (!covered_ || set)
        begin_stretch(wanted);
    else if (covered_->from < earlier(needed.from, stretch) && now.steady >= shorten_again_)
        shorten_again_ = now.steady + between_shortenings, begin_shorter(wanted);
    else if (!covers(*covered_, needed) || policy->generation != policy_generation_)
        move_on(around(*covered_, wanted));
}

void Keeper::recall(Instant now) {
    Recalled recalled = postern::recall(directory_, *current_.get(), markers_, now.wall);
    report_.with([&](Report& report) {
        report = {recalled.trouble, recalled.warning, refused_until(recalled.memory, now.wall)};
    });
    if (!recalled.file) return;
    file_ = std::move(recalled.file);
    state_ = std::move(recalled.state);
    tables_.remember(std::move(recalled.memory));
}

// Exactly what was accepted, and that more of these times may be.
bool Keeper::write(TimeSpan covered) {
    const auto policy = current_.get();
    store::State state = state_of(tables_.replay_memory(), *policy, state_);
    state.covered = covered;
    ++state.sequence;
    if (!done(file_->save(state))) return false;
    state_ = std::move(state);
    policy_generation_ = policy->generation;
    return true;
}

void Keeper::begin_stretch(TimeSpan covered) {
    tables_.horizon().close();  // before what was accepted is read: then that is all of it
    covered_.reset();
    if (write(covered)) cover(covered);
}

// The same while members get in: what is accepted meanwhile lies in both stretches. A batch may be a moment old.
void Keeper::begin_shorter(TimeSpan covered) {
    const TimeSpan meanwhile{earlier(covered.from, jitter), covered_->to};
    tables_.horizon().cover(meanwhile);
    if (write(around(meanwhile, covered))) cover(around(meanwhile, covered));
}

void Keeper::move_on(TimeSpan covered) {
    const bool same_policy = current_.get()->generation == policy_generation_;
    if (same_policy ? done(file_->cover(covered)) : write(covered)) cover(covered);
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
    thread_.request_stop();
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    tables_.horizon().close();
    if (!file_) return {};
    store::State state = state_of(tables_.replay_memory(), *current_.get(), state_);
    ++state.sequence;
    if (const auto saved = file_->save(state); !saved)
        return failure(saved.error().text + "; the next start refuses SPA for a while");
    return {};
}

Keeper::Report Keeper::report() const {
    return report_.with([](const Report& report) { return report; });
}

}  // namespace postern
