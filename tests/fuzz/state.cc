// The state file of a daemon: any bytes, a genuine file with bytes changed, a genuine one with rows changed. What is
// read of it can be saved, and is read again as it was; what cannot be read is set aside, and a new one takes its
// place.
#include <array>
#include <filesystem>

#include "fuzz/choices.h"
#include "fuzz/demand.h"
#include "scratch.h"
#include "some_state.h"
#include "store/state.h"

using namespace postern;
using namespace postern::store;
using namespace postern::test;

namespace {

namespace fs = std::filesystem;

// Of this process.
struct Place : ScratchDirectory {
    [[nodiscard]] fs::path file() const { return state_file(path()); }
};

// Without the free pages behind it, so that choices meet what matters.
const std::string& genuine(const Place& place) {
    static const std::string bytes = [&] {
        place.empty();
        {
            auto file = StateFile::open(place.path());
            demand(file && file->save(some_state()), "a state can be saved");
        }
        demand(Database::open(place.file())->run("VACUUM").has_value(), "it can be made small");
        return read_whole(place.file());
    }();
    return bytes;
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
        case 2: return at(choices.u8()).time_since_epoch().count();
        case 3: return choices.flip() ? INT64_MAX : INT64_MIN;
        default: {
            const Bytes bytes = choices.take(choices.flip() ? 32 : choices.below(64));
            return Blob{bytes.begin(), bytes.end()};
        }
    }
}

void change_rows(const Place& place, Choices& choices) {
    constexpr std::array changes{
        "UPDATE state SET id = ?",           "UPDATE state SET sequence = ?",    "UPDATE state SET covered_from = ?",
        "UPDATE state SET covered_to = ?",   "UPDATE client SET key = ?",        "UPDATE gateway SET key = ?",
        "UPDATE used SET from_time = ?",     "UPDATE used SET to_time = ?",      "UPDATE used SET key = ?",
        "UPDATE message SET time = ?",       "UPDATE message SET key = ?",       "UPDATE message SET hash = ?",
        "DELETE FROM state WHERE id <> ?",   "DELETE FROM client WHERE key > ?", "INSERT INTO client VALUES (?)",
        "INSERT INTO used VALUES (?, 1, 2)", "UPDATE line SET digest = ?"};
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
    demand(file->cover({at(0), at(9)}).has_value(), "and covered");
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
        case 0: put_text(place.file(), choices.text(size)); break;
        case 1: put_text(place.file(), with_other_bytes(bytes, choices)); break;
        default: put_text(place.file(), bytes), change_rows(place, choices);
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
