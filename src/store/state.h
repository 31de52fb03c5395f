// What must outlive the daemon, as it lies in one SQLite file of the state directory.
//
//     ── start ── save(…, covered) ── cover ── cover ── ... ── save(…, nothing) ── end
//                       │                        │
//                       │                        └─ a crash: whatever is covered may have been accepted
//                       └─ the clock was set: exact again, from here on another stretch is covered
//
// Threads: one at a time. What writes returns when the disk has it, all or nothing.
#pragma once

#include <array>
#include <optional>

#include "base/time_spans.h"
#include "store/database.h"

namespace postern::store {

using Bytes16 = std::array<std::uint8_t, 16>;
using Bytes32 = std::array<std::uint8_t, 32>;

// An accepted message that is too young to be forgotten.
struct Message {
    WallTime time;
    Bytes32 hash{};
    friend bool operator==(const Message&, const Message&) = default;
};

// What one client key has used up.
struct Window {
    Bytes32 key{};  // public
    std::vector<TimeSpan> used;
    std::vector<Message> messages;  // ascending in time
    friend bool operator==(const Window&, const Window&) = default;
};

struct Replays {
    std::vector<TimeSpan> used;   // of every key without a window
    std::vector<Window> windows;  // ascending in key
    friend bool operator==(const Replays&, const Replays&) = default;
};

inline constexpr std::int64_t highest_sequence = std::int64_t{1} << 62;  // never reached by counting

// What one process hands to the next.
struct State {
    Bytes16 id{};                       // random, of this line of states: given once
    std::int64_t sequence = 0;          // counts what was saved in it: a lower one is a copy from before
    std::vector<Bytes32> gateway_keys;  // public ones, whose messages the windows are about; ascending
    Replays replays;
    std::vector<Bytes32> lines;       // of one-time lists: what is used or may be by now; ascending
    std::optional<TimeSpan> covered;  // messages of these times may have been accepted besides; nothing: none was
    friend bool operator==(const State&, const State&) = default;
};

// The file in its directory.
[[nodiscard]] std::filesystem::path state_file(const std::filesystem::path& directory);

// The first of a line of its own.
[[nodiscard]] State new_state();

class StateFile {
public:
    static constexpr std::int64_t version = 2;  // 1: without lines

    // `state.db` in this directory, made where it is missing.
    [[nodiscard]] static Outcome<StateFile> open(const std::filesystem::path& directory);

    // Nothing: nobody has saved anything yet. Damaged where it holds what no save() wrote.
    [[nodiscard]] Outcome<std::optional<State>> read();

    [[nodiscard]] Outcome<void> save(const State& state);

    // From now on messages of these times may be accepted; those that were covered before may have been. In place of
    // the covered stretch of a save().
    [[nodiscard]] Outcome<void> cover(TimeSpan span);

    // From now on these lines may be used, besides those that the last save() had: a state of this sequence.
    [[nodiscard]] Outcome<void> spend(const std::vector<Bytes32>& lines, std::int64_t sequence);

private:
    explicit StateFile(Database database) : database_{std::move(database)} {}
    [[nodiscard]] Outcome<void> make_tables();
    [[nodiscard]] Outcome<void> find_tables();
    [[nodiscard]] Outcome<void> insert(const State& state);
    [[nodiscard]] Outcome<void> insert_used(const Blob& key, const std::vector<TimeSpan>& spans);
    [[nodiscard]] Outcome<std::vector<Bytes32>> read_lines();
    [[nodiscard]] Outcome<void> replace_lines(const std::vector<Bytes32>& lines);

    Database database_;
};

// Takes a damaged file out of the way: the name it has now.
[[nodiscard]] Outcome<std::filesystem::path> set_aside(const std::filesystem::path& directory);

}  // namespace postern::store
