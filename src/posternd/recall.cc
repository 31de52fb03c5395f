#include "posternd/recall.h"

#include <algorithm>

#include "store/anchor.h"

namespace postern {
namespace {

using store::Trouble;

std::vector<TimeSpan> list(const TimeSpans& spans) { return {spans.all().begin(), spans.all().end()}; }

TimeSpans spans_of(const std::vector<TimeSpan>& list) {
    TimeSpans spans;
    for (const TimeSpan& span : list) spans.add(span, Duration::zero());
    return spans;
}

spa::ReplayWindow window_of(const store::Window& kept, Duration skew) {
    spa::ReplayWindow window{spans_of(kept.used)};
    for (const store::Message& message : kept.messages) window.remember({message.time, message.hash}, skew);
    return window;
}

store::Window kept(const noise::PublicKey& key, const spa::ReplayWindow& window) {
    store::Window kept{key, list(window.used()), {}};
    for (const auto& entry : window.entries()) kept.messages.push_back({entry.time, entry.hash});
    return kept;
}

ReplayMemory memory_of(const store::State& state, Duration skew) {
    ReplayMemory memory;
    memory.used = spans_of(state.replays.used);
    for (const store::Window& window : state.replays.windows)
        memory.windows.emplace(window.key, window_of(window, skew));
    memory.lines = {state.lines.begin(), state.lines.end()};
    return memory;
}

std::vector<store::Bytes32> keys_of(const Policy& policy) {
    std::vector<store::Bytes32> keys;
    for (const spa::GatewayKey& key : policy.gateway.keys) keys.push_back(key.pair.public_key);
    std::ranges::sort(keys);
    return keys;
}

WallTime newest(const spa::ReplayWindow& window) {
    WallTime time = WallTime::min();
    for (const TimeSpan& span : window.used().all()) time = std::max(time, span.to);
    for (const auto& entry : window.entries()) time = std::max(time, entry.time);
    return time;
}

// Clients that left the policy keep no window for ever: what is past of theirs counts for every key.
void fold_old_windows(ReplayMemory& memory, const Policy& policy, WallTime past, Duration skew) {
    std::erase_if(memory.windows, [&](const auto& row) {
        const auto& [key, window] = row;
        if (policy.client(key) || newest(window) >= past) return false;
        for (const TimeSpan& span : window.used().all()) memory.used.add(span, 2 * skew);
        for (const auto& entry : window.entries()) memory.used.add({entry.time, entry.time}, 2 * skew);
        return true;
    });
}

bool all_known(const Policy& policy, const store::State& state, const SpentMarkers& markers) {
    return std::ranges::all_of(keys_of(policy), [&](const store::Bytes32& key) {
        return std::ranges::binary_search(state.gateway_keys, key) ||
               std::ranges::find(markers.keys, key) != markers.keys.end();
    });
}

struct Opened {
    store::StateFile file;
    std::optional<store::State> state;
};

store::Outcome<Opened> open(const std::filesystem::path& directory) {
    auto file = store::StateFile::open(directory);
    if (!file) return tl::make_unexpected(file.error());
    auto state = file->read();
    if (!state) return tl::make_unexpected(state.error());
    return Opened{std::move(*file), std::move(*state)};
}

// A damaged file is set aside, and a new one takes its place.
store::Outcome<Opened> open_or_replace(const std::filesystem::path& directory, std::string& warning) {
    auto opened = open(directory);
    if (opened || opened.error().kind != Trouble::Kind::damaged) return opened;
    const auto aside = store::set_aside(directory);
    if (!aside) return tl::make_unexpected(aside.error());
    warning = opened.error().text + ", and is " + aside->filename().string() + " now";
    return open(directory);
}

// Why messages may have been accepted that this state does not know; empty: there is no reason to think so.
std::string doubt(const std::optional<store::State>& state, const Policy& policy, const SpentMarkers& markers,
                  const std::filesystem::path& directory) {
    if (all_known(policy, state ? *state : store::State{}, markers)) return {};
    if (state) return "a gateway key is new to the state in " + directory.string() + ", and may be in use elsewhere";
    return "there is no state in " + directory.string();
}

// What the anchor says against it. One that cannot be read says nothing.
std::string objection(const store::State& state, const StatePlace& place) {
    if (place.anchor.empty()) return {};
    const auto anchor = store::read_anchor(place.anchor);
    if (!anchor || !*anchor) return {};
    const std::string why = store::objection(**anchor, state);
    return why.empty() ? why : "the state in " + place.directory.string() + " is not the last one: " + why;
}

}  // namespace

Recalled recall(const StatePlace& place, const Policy& policy, const SpentMarkers& markers, WallTime now) {
    const auto& directory = place.directory;
    Recalled recalled;
    auto opened = open_or_replace(directory, recalled.warning);
    if (!opened) {
        recalled.trouble = opened.error().text;
        return recalled;
    }
    const Duration skew = policy.gateway.skew;
    const auto& state = opened->state;
    recalled.file = std::move(opened->file);
    recalled.state = state ? *state : store::new_state();
    recalled.memory = memory_of(recalled.state, skew);
    std::string why = doubt(state, policy, markers, directory);
    if (state && why.empty()) why = objection(*state, place);
    if (recalled.warning.empty()) recalled.warning = why;
    if (state && state->covered) recalled.memory.use(*state->covered, skew);
    fold_old_windows(recalled.memory, policy, earlier(now, skew), skew);
    recalled.memory.lines_doubted = !recalled.warning.empty();
    recalled.doubted = !why.empty();
    if (recalled.doubted) {
        recalled.memory.use({WallTime::min(), later(now, skew)}, skew);
    } else if (state && state->covered) {
        recalled.memory.use({earlier(now, skew), later(now, skew)}, skew);
        recalled.warning = "the process before did not end in order";
    }
    if (recalled.warning.empty() && recalled.memory.used.contains(now))
        recalled.warning = "these times were used up before this start";
    return recalled;
}

store::State state_of(const ReplayMemory& memory, const Policy& policy, const store::State& before) {
    store::State state{before.id, before.sequence, keys_of(policy), {list(memory.used), {}}, {}, std::nullopt};
    state.lines.assign(memory.lines.begin(), memory.lines.end());
    for (const auto& [key, window] : memory.windows) state.replays.windows.push_back(kept(key, window));
    return state;
}

}  // namespace postern
