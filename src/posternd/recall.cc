#include "posternd/recall.h"

#include <algorithm>

#include "io/random.h"

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
    return memory;
}

std::vector<store::Bytes32> keys_of(const Policy& policy) {
    std::vector<store::Bytes32> keys;
    for (const spa::GatewayKey& key : policy.gateway.keys) keys.push_back(key.pair.public_key);
    std::ranges::sort(keys);
    return keys;
}

std::size_t unknown_keys(const Policy& policy, const store::State& state) {
    return static_cast<std::size_t>(std::ranges::count_if(keys_of(policy), [&](const store::Bytes32& key) {
        return !std::ranges::binary_search(state.gateway_keys, key);
    }));
}

store::State new_state() {
    store::State state;
    io::fill_random(state.id);
    return state;
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
    if (unknown_keys(policy, state ? *state : store::State{}) <= markers.count) return {};
    if (state) return "a gateway key is new to the state in " + directory.string() + ", and may be in use elsewhere";
    return "there is no state in " + directory.string();
}

}  // namespace

Recalled recall(const std::filesystem::path& directory, const Policy& policy, const SpentMarkers& markers,
                WallTime now) {
    Recalled recalled;
    auto opened = open_or_replace(directory, recalled.warning);
    if (!opened) {
        recalled.trouble = opened.error().text;
        return recalled;
    }
    const Duration skew = policy.gateway.skew;
    const auto& state = opened->state;
    recalled.file = std::move(opened->file);
    recalled.state = state.value_or(new_state());
    recalled.memory = memory_of(recalled.state, skew);
    const std::string why = doubt(state, policy, markers, directory);
    if (recalled.warning.empty()) recalled.warning = why;
    if (!why.empty()) {
        recalled.memory.use({WallTime::min(), later(now, skew)}, skew);
    } else if (state && state->covered) {
        recalled.memory.use(*state->covered, skew);
        recalled.memory.use({earlier(now, skew), later(now, skew)}, skew);
        recalled.warning = "the process before was killed";
    }
    return recalled;
}

store::State state_of(const ReplayMemory& memory, const Policy& policy, const store::State& before) {
    store::State state{before.id, before.sequence, before.gateway_keys, {list(memory.used), {}}, std::nullopt};
    for (const auto& key : keys_of(policy))
        if (!std::ranges::binary_search(before.gateway_keys, key)) state.gateway_keys.push_back(key);
    std::ranges::sort(state.gateway_keys);
    for (const auto& [key, window] : memory.windows) state.replays.windows.push_back(kept(key, window));
    return state;
}

}  // namespace postern
