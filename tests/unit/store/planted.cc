// What others put into the state file, or beside it: nothing of it runs, and what is not ours alone is not used.
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catch.h"
#include "scratch.h"
#include "skipped.h"
#include "some_state.h"

using namespace postern;
using namespace postern::store;
using namespace postern::test;

namespace {

namespace fs = std::filesystem;

// With nothing of what the product forbids itself.
void run_plainly(const fs::path& file, const std::string& statements) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
    INFO(statements);
    CHECK(sqlite3_exec(handle, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_close(handle) == SQLITE_OK);
}

Outcome<std::optional<State>> read(const ScratchDirectory& directory) {
    return StateFile::open(directory.path()).and_then([](StateFile file) { return file.read(); });
}

void save(const ScratchDirectory& directory, const State& state) {
    REQUIRE(StateFile::open(directory.path()).and_then([&](StateFile file) { return file.save(state); }));
}

// Why the state cannot be used, without the name of its file.
std::string refused(const ScratchDirectory& directory, Trouble::Kind kind = Trouble::Kind::unusable) {
    const auto state = read(directory);
    if (state) return {};
    CHECK(state.error().kind == kind);
    const std::string name = state_file(directory.path()).string() + ": ";
    REQUIRE(state.error().text.starts_with(name));
    return state.error().text.substr(name.size());
}

std::string not_ours() {
    return "it, or a file beside it, is no plain file of user " + std::to_string(::geteuid()) + " alone";
}

}  // namespace

TEST_CASE("a trigger in the state file does nothing", "[store]") {
    const ScratchDirectory directory;
    save(directory, some_state());
    std::string triggers;
    for (const std::string table : {"state", "gateway", "client", "used", "message", "line"})
        for (const std::string when : {"INSERT", "DELETE"})
            triggers += "CREATE TRIGGER " + table + when + " AFTER " + when + " ON " + table +
                        " BEGIN DELETE FROM line; DELETE FROM message; DELETE FROM used; END;";
    triggers += "CREATE TRIGGER one BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'no'); END;";
    run_plainly(state_file(directory.path()), triggers);
    State state = some_state();
    state.lines.push_back(filled<32>(13));
    save(directory, state);
    {
        auto file = StateFile::open(directory.path());
        REQUIRE((file && file->cover({at(0), at(9)}) && file->spend({filled<32>(14)}, 42)));
    }
    state.lines.push_back(filled<32>(14));
    state.covered = TimeSpan{at(0), at(9)};
    state.sequence = 42;
    CHECK(read(directory).value() == state);
}

TEST_CASE("a view in place of a table is a damage", "[store]") {
    for (const std::string columns : {"message (key, time, hash)", "line (digest)", "used (key, from_time, to_time)"}) {
        INFO(columns);
        const ScratchDirectory directory;
        save(directory, some_state());
        const std::string table = columns.substr(0, columns.find(' '));
        run_plainly(state_file(directory.path()), "ALTER TABLE " + table + " RENAME TO old; CREATE VIEW " + columns +
                                                      " AS SELECT * FROM old WHERE 0;");
        CHECK(refused(directory, Trouble::Kind::damaged) == "got 5 of its 6 tables");
    }
}

TEST_CASE("a state file that has another name, too, is refused", "[store]") {
    const ScratchDirectory directory;
    save(directory, some_state());
    fs::create_hard_link(directory / "state.db", directory / "other name");
    CHECK(refused(directory) == not_ours());
    fs::remove(directory / "other name");
    CHECK(read(directory).value() == some_state());
}

TEST_CASE("what is no plain file is refused in place of the state file, and beside it", "[store]") {
    const auto pipe = [](const fs::path& file) { REQUIRE(::mkfifo(file.c_str(), 0600) == 0); };
    const auto twin = [](const fs::path& file) {
        put_text(file.parent_path() / "other name", "");
        fs::create_hard_link(file.parent_path() / "other name", file);
    };
    const auto link = [](const fs::path& file) { fs::create_symlink("nowhere", file); };
    const auto folder = [](const fs::path& file) { fs::create_directory(file); };
    const auto refused_with = [](const std::string& part, const auto& make) {
        const ScratchDirectory directory;
        save(directory, some_state());
        const fs::path file = state_file(directory.path()).string() + part;
        fs::remove(file);
        make(file);
        return refused(directory);
    };
    for (const char* part : {"-wal", "-journal", "-shm"}) {
        INFO("state.db" << part);
        REQUIRE(refused_with(part, link) == not_ours());
        REQUIRE(refused_with(part, folder) == not_ours());
        REQUIRE(refused_with(part, twin) == not_ours());
        REQUIRE(refused_with(part, pipe) == not_ours());
    }
    REQUIRE(refused_with("", twin) == not_ours());
    REQUIRE(refused_with("", pipe) == not_ours());  // which a database would read for ever
}

TEST_CASE("a file of another user is refused in place of the state file, and beside it", "[store]") {
    const ScratchDirectory any;
    if (::chown(any.path().c_str(), 1, 1) != 0) return skipped("only root gives a file away");
    for (const char* part : {"", "-wal", "-journal", "-shm"}) {
        INFO("state.db" << part);
        const ScratchDirectory directory;
        save(directory, some_state());
        const std::string file = state_file(directory.path()).string() + part;
        if (!fs::exists(file)) put_text(file, "");
        REQUIRE(::chown(file.c_str(), 1, 1) == 0);
        CHECK(refused(directory) == not_ours());
        REQUIRE(::chown(file.c_str(), 0, 0) == 0);
        CHECK(refused(directory).empty());
    }
}
