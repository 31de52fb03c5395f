// The state file of a daemon: any bytes, a genuine file with bytes changed, a genuine one with rows changed. What is
// read of it can be saved, and is read again as it was; what cannot be read is set aside, and a new one takes its
// place.
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/choices.h"
#include "fuzz/demand.h"
#include "store/state.h"

using namespace postern;
using namespace postern::store;
using namespace postern::test;
using std::chrono::seconds;

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t begin_seconds = 1'800'000'000;

// A directory of this process, in memory where that is possible: a disk's syncs are too slow for a fuzzer.
class Place {
public:
    Place() {
        const fs::path base = fs::is_directory("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
        std::string name = (base / "postern-fuzz-XXXXXX").string();
        demand(mkdtemp(name.data()) != nullptr, "there is room for a directory");
        path_ = name;
    }
    ~Place() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] fs::path file() const { return path_ / "state.db"; }
    void empty() const {
        for (const auto& entry : fs::directory_iterator{path_}) fs::remove_all(entry);
    }

private:
    fs::path path_;
};

template <std::size_t size>
std::array<std::uint8_t, size> filled(std::uint8_t byte) {
    std::array<std::uint8_t, size> bytes{};
    bytes.fill(byte);
    return bytes;
}

State some_state() {
    const auto at = [](int second) { return wall_time(begin_seconds + second); };
    State state;
    state.id = filled<16>(7);
    state.sequence = 41;
    state.gateway_keys = {filled<32>(1)};
    state.replays.used = {{WallTime::min(), at(0)}};
    state.replays.windows = {{filled<32>(3), {{at(-5), at(5)}, {at(90), at(91)}}, {{at(6), filled<32>(60)}}},
                             {filled<32>(4), {}, {{at(7), filled<32>(70)}}}};
    state.covered = TimeSpan{at(-30), at(38)};
    return state;
}

// Without the free pages behind it, so that choices meet what matters.
const std::string& genuine(const Place& place) {
    static const std::string bytes = [&] {
        place.empty();
        {
            auto file = StateFile::open(place.path());
            demand(file && file->save(some_state()), "a state can be saved");
        }
        demand(Database::open(place.file())->run("VACUUM").has_value(), "it can be made small");
        std::ifstream stream{place.file(), std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{stream}, {}};
    }();
    return bytes;
}

void put(const Place& place, const std::string& bytes) {
    std::ofstream{place.file(), std::ios::binary} << bytes;
    fs::permissions(place.file(), fs::perms::owner_read | fs::perms::owner_write);
}

std::string with_other_bytes(std::string bytes, Choices& choices) {
    while (choices.left()) {
        const std::size_t offset = (std::size_t{choices.u8()} << 16 | choices.u16()) % bytes.size();
        bytes[offset] = static_cast<char>(choices.u8());
        if (bytes[offset] == 'T') bytes.resize(offset + 1);  // cut off
    }
    return bytes;
}

Value some_value(Choices& choices) {
    switch (choices.below(5)) {
        case 0: return std::monostate{};
        case 1: return std::int64_t{choices.u16()} - 32768;
        case 2: return (std::int64_t{begin_seconds} + choices.u8()) * 1'000'000'000;
        case 3: return choices.flip() ? INT64_MAX : INT64_MIN;
        default: {
            const Bytes bytes = choices.take(choices.flip() ? 32 : choices.below(64));
            return Blob{bytes.begin(), bytes.end()};
        }
    }
}

void change_rows(const Place& place, Choices& choices) {
    constexpr std::array changes{
        "UPDATE state SET id = ?",          "UPDATE state SET sequence = ?",    "UPDATE state SET covered_from = ?",
        "UPDATE state SET covered_to = ?",  "UPDATE client SET key = ?",        "UPDATE gateway SET key = ?",
        "UPDATE used SET from_time = ?",    "UPDATE used SET to_time = ?",      "UPDATE used SET key = ?",
        "UPDATE message SET time = ?",      "UPDATE message SET key = ?",       "UPDATE message SET hash = ?",
        "DELETE FROM state WHERE id <> ?",  "DELETE FROM client WHERE key > ?", "INSERT INTO client VALUES (?)",
        "INSERT INTO used VALUES (?, 1, 2)"};
    auto database = Database::open(place.file());
    demand(database.has_value(), "a genuine file can be opened");
    (void)database->run("PRAGMA ignore_check_constraints = ON");
    while (choices.left()) (void)database->run(choices.of(changes), {some_value(choices)});
}

// Whatever lies there: its state, or an error that names the file. With the file closed again.
Outcome<std::optional<State>> read(const Place& place) {
    auto file = StateFile::open(place.path());
    if (!file) return tl::make_unexpected(file.error());
    return file->read();
}

void save(const Place& place, const State& state) {
    auto file = StateFile::open(place.path());
    demand(file && file->save(state), "a state can be saved");
    demand(file->cover({wall_time(begin_seconds), wall_time(begin_seconds + 9)}).has_value(), "and covered");
    demand(file->save(state).has_value(), "and saved in place of the one before");
}

bool one_line(const Place& place, const std::string& text) {
    return text.starts_with(place.file().string() + ": ") && text.find('\n') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Place place;
    Choices choices{{data, size}};
    const std::string& bytes = genuine(place);
    place.empty();
    switch (choices.below(3)) {
        case 0: put(place, choices.text(size)); break;
        case 1: put(place, with_other_bytes(bytes, choices)); break;
        default: put(place, bytes), change_rows(place, choices);
    }
    const auto found = read(place);
    if (found && *found) {
        save(place, **found);
        const auto again = read(place);
        demand(again && *again == *found, "what was read can be saved, and is read again as it was");
        return 0;
    }
    if (!found) {
        demand(one_line(place, found.error().text), "an error names the file, in one line");
        if (found.error().kind != Trouble::Kind::damaged) return 0;
        demand(set_aside(place.path()).has_value(), "what is damaged can be set aside");
    }
    save(place, some_state());
    demand(*read(place) == some_state(), "a new state takes its place");
    return 0;
}
