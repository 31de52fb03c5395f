// The state file: what is saved is read again, by whoever opens it next; what is no state is told apart from what
// cannot be used now.
#include "store/state.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "catch.h"
#include "scratch.h"
#include "some_state.h"

using namespace postern;
using namespace postern::store;
using namespace postern::test;
using Kind = Trouble::Kind;

namespace {

StateFile opened(const ScratchDirectory& directory) {
    auto file = StateFile::open(directory.path());
    if (!file) FAIL(file.error().text);
    return std::move(*file);
}

std::optional<State> read_again(const ScratchDirectory& directory) {
    auto state = opened(directory).read();
    if (!state) FAIL(state.error().text);
    return *state;
}

Trouble refused(const ScratchDirectory& directory) {
    auto file = StateFile::open(directory.path());
    if (!file) return file.error();
    auto state = file->read();
    REQUIRE_FALSE(state);
    return state.error();
}

void overwrite(const ScratchDirectory& directory, std::streamoff from, std::size_t length) {
    std::fstream file{directory.path() / "state.db", std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(from);
    file << std::string(length, '\x5a');
}

}  // namespace

TEST_CASE("a new file knows nothing, and only its owner reads it", "[store]") {
    const ScratchDirectory directory;
    CHECK_FALSE(read_again(directory));
    struct stat status {};
    REQUIRE(::stat((directory.path() / "state.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("what is saved is read again, whole and in its order", "[store]") {
    const ScratchDirectory directory;
    const State state = some_state();
    REQUIRE(opened(directory).save(state));
    CHECK(read_again(directory) == state);
}

TEST_CASE("a save takes the place of the one before; covering changes nothing else", "[store]") {
    const ScratchDirectory directory;
    State state = some_state();
    {
        StateFile file = opened(directory);
        REQUIRE(file.save(state));
        REQUIRE(file.cover({at(-10), at(60)}));
    }
    state.covered = TimeSpan{at(-10), at(60)};
    CHECK(read_again(directory) == state);
    state.replays.windows.pop_back();
    state.covered.reset();
    REQUIRE(opened(directory).save(state));
    CHECK(read_again(directory) == state);
}

TEST_CASE("lines are spent besides those of a save, and the next save has exactly its own", "[store]") {
    const ScratchDirectory directory;
    State state = some_state();
    {
        StateFile file = opened(directory);
        REQUIRE(file.save(state));
        REQUIRE(file.spend({filled<32>(14), filled<32>(12), filled<32>(1)}, 43));
    }
    state.lines = {filled<32>(1), filled<32>(11), filled<32>(12), filled<32>(14)};
    state.sequence = 43;
    CHECK(read_again(directory) == state);
    state.lines = {filled<32>(12), filled<32>(77)};
    REQUIRE(opened(directory).save(state));
    CHECK(read_again(directory) == state);
}

TEST_CASE("a file from before there were lines gets their table", "[store]") {
    const ScratchDirectory directory;
    State state = some_state();
    REQUIRE(opened(directory).save(state));
    {
        auto database = Database::open(directory.path() / "state.db");
        REQUIRE((database && database->run("DROP TABLE line") && database->run("PRAGMA user_version = 1")));
    }
    state.lines.clear();
    CHECK(read_again(directory) == state);
}

TEST_CASE("a file that has lost a table is damaged, for that would say that nothing was used", "[store]") {
    for (const std::string table : {"state", "gateway", "client", "used", "message", "line"}) {
        const ScratchDirectory directory;
        REQUIRE(opened(directory).save(some_state()));
        {
            auto database = Database::open(directory.path() / "state.db");
            REQUIRE((database && database->run("DROP TABLE " + table)));
        }
        const auto file = StateFile::open(directory.path());
        REQUIRE_FALSE(file);
        CHECK(file.error().kind == Trouble::Kind::damaged);
        CHECK(file.error().text.ends_with("got 5 of its 6 tables"));
    }
}

TEST_CASE("a sequence that counting cannot reach is damage", "[store]") {
    const ScratchDirectory directory;
    State state = some_state();
    state.sequence = highest_sequence;
    REQUIRE(opened(directory).save(state));
    CHECK(read_again(directory)->sequence == highest_sequence);
    state.sequence = highest_sequence + 1;
    REQUIRE(opened(directory).save(state));
    const auto read = opened(directory).read();
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == Trouble::Kind::damaged);
}

TEST_CASE("the ends of time are kept as they are", "[store]") {
    const ScratchDirectory directory;
    State state = some_state();
    state.covered = TimeSpan{WallTime::min(), WallTime::max()};
    REQUIRE(opened(directory).save(state));
    CHECK(read_again(directory) == state);
}

TEST_CASE("a file has one holder at a time", "[store]") {
    const ScratchDirectory directory;
    const StateFile first = opened(directory);
    const Trouble trouble = refused(directory);
    CHECK(trouble.kind == Kind::held);
    CHECK(trouble.text == (directory.path() / "state.db").string() + ": another process holds it");
}

TEST_CASE("what is no database is damaged, and can be set aside", "[store]") {
    const ScratchDirectory directory;
    std::ofstream{directory.path() / "state.db"} << std::string(10'000, 'x');
    CHECK(refused(directory).kind == Kind::damaged);
    const auto aside = set_aside(directory.path());
    REQUIRE(aside);
    CHECK(aside->filename() == "state.db.damaged");
    CHECK(std::filesystem::exists(*aside));
    CHECK_FALSE(read_again(directory));
}

TEST_CASE("a database with a page overwritten is damaged, wherever that is", "[store]") {
    for (const std::streamoff page : {1, 2, 3, 4, 5, 6}) {
        INFO("page " << page);
        const ScratchDirectory directory;
        REQUIRE(opened(directory).save(some_state()));
        std::filesystem::remove(directory.path() / "state.db-wal");  // where sound copies may lie
        REQUIRE(std::filesystem::file_size(directory.path() / "state.db") >
                static_cast<std::uintmax_t>(page + 1) * 4096);
        overwrite(directory, page * 4096, 64);
        CHECK(refused(directory).kind == Kind::damaged);
    }
}

TEST_CASE("a file of a newer version is told, and left as it is", "[store]") {
    const ScratchDirectory directory;
    {
        auto database = Database::open(directory.path() / "state.db");
        REQUIRE(database);
        REQUIRE(database->run("PRAGMA user_version = 3"));
        REQUIRE(database->run("CREATE TABLE state (something_else)"));
    }
    const Trouble trouble = refused(directory);
    CHECK(trouble.kind == Kind::newer);
    CHECK(trouble.text == (directory.path() / "state.db").string() +
                              ": got version 3, expected at most 2: a newer postern has made it");
}

TEST_CASE("rows that no postern writes are a damage", "[store]") {
    const ScratchDirectory directory;
    {
        auto database = Database::open(directory.path() / "state.db");
        REQUIRE(database);
        REQUIRE(database->run("CREATE TABLE state (one, id, sequence, covered_from, covered_to)"));
        REQUIRE(database->run("INSERT INTO state VALUES (1, 2, 3, 4, 5)"));
    }
    CHECK(refused(directory).kind == Kind::damaged);
}

TEST_CASE("where nothing can be made the file is unusable, and the error says why", "[store]") {
    const ScratchDirectory directory;
    const auto missing = StateFile::open(directory.path() / "nowhere");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == Kind::unusable);
    CHECK(missing.error().text == (directory.path() / "nowhere/state.db").string() + ": No such file or directory");
    std::filesystem::create_symlink("elsewhere", directory.path() / "state.db");
    CHECK(refused(directory).kind == Kind::unusable);
}
