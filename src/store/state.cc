#include "store/state.h"

#include <algorithm>

#include "io/random.h"
#include "store/columns.h"

namespace postern::store {
namespace {

namespace fs = std::filesystem;

// Times are nanoseconds since 1970. An empty key stands for every key without rows of its own.
constexpr std::array tables{
    "CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), "
    "id BLOB NOT NULL CHECK (length(id) = 16), sequence INTEGER NOT NULL, covered_from INTEGER, covered_to INTEGER, "
    "CHECK ((covered_from IS NULL) = (covered_to IS NULL)), CHECK (covered_from <= covered_to)) STRICT",
    "CREATE TABLE IF NOT EXISTS gateway (key BLOB PRIMARY KEY CHECK (length(key) = 32)) STRICT",
    "CREATE TABLE IF NOT EXISTS client (key BLOB PRIMARY KEY CHECK (length(key) = 32)) STRICT",
    "CREATE TABLE IF NOT EXISTS used (key BLOB NOT NULL CHECK (length(key) IN (0, 32)), from_time INTEGER NOT NULL, "
    "to_time INTEGER NOT NULL, CHECK (from_time <= to_time)) STRICT",
    "CREATE TABLE IF NOT EXISTS message (key BLOB NOT NULL CHECK (length(key) = 32), time INTEGER NOT NULL, "
    "hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT",
    "CREATE TABLE IF NOT EXISTS line (digest BLOB PRIMARY KEY CHECK (length(digest) = 32)) STRICT, WITHOUT ROWID",
    "PRAGMA user_version = 2",
};
static_assert(StateFile::version == 2);

constexpr std::size_t room = std::size_t{256} << 10;  // a thousand clients with a message each, or forty full windows

std::int64_t number(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(const Value& value) { return WallTime{Duration{std::get<std::int64_t>(value)}}; }
TimeSpan span_of(const Value& from, const Value& to) { return {time_of(from), time_of(to)}; }

Window& window_of(Replays& replays, const Value& key) {
    const auto wanted = bytes<32>(key);
    const auto found = std::ranges::lower_bound(replays.windows, wanted, {}, &Window::key);
    if (found == replays.windows.end() || found->key != wanted) throw std::bad_variant_access{};  // nobody's
    return *found;
}

Outcome<void> read_replays(Database& database, Replays& replays) {
    return each(database, "SELECT key FROM client ORDER BY key",
                [&](const Row& row) {
                    replays.windows.push_back({bytes<32>(row[0]), {}, {}});
                })
        .and_then([&] {
            return each(database, "SELECT key, from_time, to_time FROM used ORDER BY from_time", [&](const Row& row) {
                const bool everybodys = std::get<Blob>(row[0]).empty();
                (everybodys ? replays.used : window_of(replays, row[0]).used).push_back(span_of(row[1], row[2]));
            });
        })
        .and_then([&] {
            return each(database, "SELECT key, time, hash FROM message ORDER BY time", [&](const Row& row) {
                window_of(replays, row[0]).messages.push_back({time_of(row[1]), bytes<32>(row[2])});
            });
        });
}

}  // namespace

fs::path state_file(const fs::path& directory) { return directory / "state.db"; }

State new_state() {
    State state;
    io::fill_random(state.id);
    return state;
}

Outcome<StateFile> StateFile::open(const fs::path& directory) {
    auto database = Database::open(state_file(directory));
    if (!database) return tl::make_unexpected(database.error());
    StateFile file{std::move(*database)};
    const auto found = file.database_.version();
    if (!found) return tl::make_unexpected(found.error());
    if (*found > version)
        return tl::make_unexpected(Trouble{Trouble::Kind::newer, state_file(directory).string() + ": got version " +
                                                                     std::to_string(*found) + ", expected at most " +
                                                                     std::to_string(version) +
                                                                     ": a newer postern has made it"});
    const auto sound =
        file.database_.check().and_then([&] { return *found < version ? file.make_tables() : file.find_tables(); });
    if (!sound) return tl::make_unexpected(sound.error());
    (void)file.database_.reserve(room);  // where there is none, the first write says so
    return file;
}

Outcome<void> StateFile::make_tables() {
    return database_.transaction([&] { return run_all(database_, tables); });
}

// A table that is lost would say that nothing was used.
Outcome<void> StateFile::find_tables() {
    constexpr std::int64_t expected = 6;
    std::int64_t count = 0;
    const auto counted = database_.run(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
        "('state', 'gateway', 'client', 'used', 'message', 'line')",
        {}, [&](const Row& row) { count = std::get<std::int64_t>(row[0]); });
    if (!counted || count == expected) return counted;
    return tl::make_unexpected(Trouble{Trouble::Kind::damaged, database_.file().string() + ": got " +
                                                                   std::to_string(count) + " of its " +
                                                                   std::to_string(expected) + " tables"});
}

Outcome<std::optional<State>> StateFile::read() {
    std::optional<State> state;
    auto done = each(database_, "SELECT id, sequence, covered_from, covered_to FROM state", [&](const Row& row) {
        state.emplace();
        state->id = bytes<16>(row[0]);
        state->sequence = std::get<std::int64_t>(row[1]);
        if (state->sequence < 0 || state->sequence > highest_sequence) throw std::bad_variant_access{};
        if (!std::holds_alternative<std::monostate>(row[2])) state->covered = span_of(row[2], row[3]);
    });
    if (done && state)
        done = each(database_, "SELECT key FROM gateway ORDER BY key", [&](const Row& row) {
                   state->gateway_keys.push_back(bytes<32>(row[0]));
               }).and_then([&] { return read_replays(database_, state->replays); });
    if (done && state) done = read_lines().map([&](std::vector<Bytes32> lines) { state->lines = std::move(lines); });
    if (!done) return tl::make_unexpected(done.error());
    return state;
}

Outcome<void> StateFile::save(const State& state) {
    return database_.transaction([&]() -> Outcome<void> {
        constexpr std::array emptied{"DELETE FROM state", "DELETE FROM gateway", "DELETE FROM client",
                                     "DELETE FROM used", "DELETE FROM message"};
        if (auto done = run_all(database_, emptied); !done) return done;
        return insert(state).and_then([&] { return replace_lines(state.lines); });
    });
}

Outcome<void> StateFile::insert(const State& state) {
    Row row{std::int64_t{1}, blob(state.id), state.sequence, std::monostate{}, std::monostate{}};
    if (state.covered) row[3] = number(state.covered->from), row[4] = number(state.covered->to);
    auto done = database_.run("INSERT INTO state VALUES (?, ?, ?, ?, ?)", row);
    for (const Bytes32& key : state.gateway_keys)
        if (done) done = database_.run("INSERT INTO gateway VALUES (?)", {blob(key)});
    if (done) done = insert_used({}, state.replays.used);
    for (const Window& window : state.replays.windows) {
        if (done) done = database_.run("INSERT INTO client VALUES (?)", {blob(window.key)});
        if (done) done = insert_used(blob(window.key), window.used);
        for (const Message& message : window.messages)
            if (done)
                done = database_.run("INSERT INTO message VALUES (?, ?, ?)",
                                     {blob(window.key), number(message.time), blob(message.hash)});
    }
    return done;
}

Outcome<void> StateFile::insert_used(const Blob& key, const std::vector<TimeSpan>& spans) {
    Outcome<void> done;
    for (const TimeSpan& span : spans)
        if (done) done = database_.run("INSERT INTO used VALUES (?, ?, ?)", {key, number(span.from), number(span.to)});
    return done;
}

Outcome<std::vector<Bytes32>> StateFile::read_lines() {
    std::vector<Bytes32> lines;
    const auto done = each(database_, "SELECT digest FROM line ORDER BY digest",
                           [&](const Row& row) { lines.push_back(bytes<32>(row[0])); });
    if (!done) return tl::make_unexpected(done.error());
    return lines;
}

// Writes what differs: there may be many, and they hardly change.
Outcome<void> StateFile::replace_lines(const std::vector<Bytes32>& lines) {
    const auto before = read_lines();
    if (!before) return tl::make_unexpected(before.error());
    Outcome<void> done;
    for (const Bytes32& line : *before)
        if (done && !std::ranges::binary_search(lines, line))
            done = database_.run("DELETE FROM line WHERE digest = ?", {blob(line)});
    for (const Bytes32& line : lines)
        if (done && !std::ranges::binary_search(*before, line))
            done = database_.run("INSERT INTO line VALUES (?)", {blob(line)});
    return done;
}

Outcome<void> StateFile::spend(const std::vector<Bytes32>& lines, std::int64_t sequence) {
    return database_.transaction([&] {
        Outcome<void> done = database_.run("UPDATE state SET sequence = ?", {sequence});
        for (const Bytes32& line : lines)
            if (done) done = database_.run("INSERT OR IGNORE INTO line VALUES (?)", {blob(line)});
        return done;
    });
}

Outcome<void> StateFile::cover(TimeSpan span) {
    return database_.run("UPDATE state SET covered_from = ?, covered_to = ?", {number(span.from), number(span.to)});
}

Outcome<fs::path> set_aside(const fs::path& directory) {
    const fs::path file = state_file(directory);
    const fs::path aside = file.string() + ".damaged";
    std::error_code error;
    for (const char* part : {"-wal", "-shm", "-journal"}) fs::remove(file.string() + part, error);
    fs::rename(file, aside, error);
    if (!error) return aside;
    return tl::make_unexpected(Trouble{Trouble::Kind::unusable, file.string() + ": " + error.message()});
}

}  // namespace postern::store
