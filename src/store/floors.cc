#include "store/floors.h"

#include <algorithm>

namespace postern::store {
namespace {

void add(std::vector<TimeSpan>& used, const std::vector<TimeSpan>& more) {
    TimeSpans spans;
    for (const TimeSpan& span : used) spans.add(span, Duration::zero());
    for (const TimeSpan& span : more) spans.add(span, Duration::zero());
    used.assign(spans.all().begin(), spans.all().end());
}

// One for the key, which begins with what counts for every key.
Window& window_of(State& state, const Bytes32& key) {
    auto& windows = state.replays.windows;
    const auto place = std::ranges::lower_bound(windows, key, {}, &Window::key);
    if (place != windows.end() && place->key == key) return *place;
    return *windows.insert(place, {key, state.replays.used, {}});
}

void use_everywhere(State& state, const TimeSpan& span) {
    add(state.replays.used, {span});
    for (Window& window : state.replays.windows) add(window.used, {span});
}

void use_covered(State& state) {
    if (state.covered) use_everywhere(state, *state.covered);
    state.covered.reset();
}

// Sorted and without doubles.
void join(std::vector<Bytes32>& all, const std::vector<Bytes32>& more) {
    all.insert(all.end(), more.begin(), more.end());
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
}

void add_messages(Window& window, const std::vector<Message>& more) {
    for (const Message& message : more)
        if (std::ranges::find(window.messages, message) == window.messages.end()) window.messages.push_back(message);
    std::ranges::stable_sort(window.messages, {}, &Message::time);
}

}  // namespace

void use_up_to(State& state, WallTime until, const std::optional<Bytes32>& key) {
    const TimeSpan span{WallTime::min(), until};
    if (key)
        add(window_of(state, *key).used, {span});
    else
        use_everywhere(state, span);
}

void use_lines(State& state, const std::vector<Bytes32>& lines) { join(state.lines, lines); }

void add(State& state, const State& other) {
    State more = other;
    use_covered(state), use_covered(more);
    for (const Window& window : more.replays.windows) {
        Window& ours = window_of(state, window.key);
        add(ours.used, window.used);
        add_messages(ours, window.messages);
    }
    for (const Window& window : state.replays.windows) add(window_of(state, window.key).used, more.replays.used);
    add(state.replays.used, more.replays.used);
    join(state.gateway_keys, more.gateway_keys);
    use_lines(state, more.lines);
    state.sequence = std::max(state.sequence, more.sequence);
}

}  // namespace postern::store
