#include "store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postern::store {
namespace {

struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

int bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, place, *number);
    if (const Blob* blob = std::get_if<Blob>(&value))
        return blob->empty() ? sqlite3_bind_zeroblob(statement, place, 0)
                             : sqlite3_bind_blob64(statement, place, blob->data(), blob->size(), SQLITE_STATIC);
    return sqlite3_bind_null(statement, place);
}

// Text is read as the bytes it is.
Value column(sqlite3_stmt* statement, int place) {
    const int type = sqlite3_column_type(statement, place);
    if (type == SQLITE_NULL) return {};
    if (type == SQLITE_INTEGER) return std::int64_t{sqlite3_column_int64(statement, place)};
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, place));
    return Blob(bytes, bytes + sqlite3_column_bytes(statement, place));
}

Row columns(sqlite3_stmt* statement) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(column(statement, i));
    return row;
}

// A write-ahead log, folded back early.
constexpr const char* settings =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
    "PRAGMA wal_autocheckpoint = 32; PRAGMA cell_size_check = ON;";

// The log keeps its room, also over an end in order.
void keep_log(sqlite3* handle) noexcept {
    int yes = 1;
    sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_PERSIST_WAL, &yes);
}

// Whether it is ours alone. In a directory where others make files, SQLite would work on whatever has the name.
bool is_ours(const struct stat& status) {
    return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_nlink == 1;
}

// Makes the file where it is missing; SQLite gives its further files the mode of this one. Why not; empty: it is there.
std::string make(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (descriptor < 0) return std::strerror(errno);
    struct stat status {};
    bool ours = ::fstat(descriptor, &status) == 0 && is_ours(status);
    ::close(descriptor);
    for (const char* further : {"-wal", "-journal", "-shm"})
        ours = ours && (::lstat((file.string() + further).c_str(), &status) != 0 || is_ours(status));
    return ours ? "" : "it, or a file beside it, is no plain file of user " + std::to_string(::geteuid()) + " alone";
}

// What somebody put into the file runs nothing: no trigger, no view, no function of a schema. Before any statement.
void distrust(sqlite3* handle) noexcept {
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
}

Trouble::Kind kind_of(int code) noexcept {
    const int primary = code & 0xff;
    if (primary == SQLITE_BUSY) return Trouble::Kind::held;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? Trouble::Kind::damaged : Trouble::Kind::unusable;
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

tl::unexpected<Trouble> Database::refused() const {
    const int code = handle_ ? sqlite3_extended_errcode(handle_.get()) : SQLITE_NOMEM;
    const Trouble::Kind kind = kind_of(code);
    const char* const why = kind == Trouble::Kind::held ? "another process holds it" : sqlite3_errstr(code);
    return tl::make_unexpected(Trouble{kind, file_.string() + ": " + why});
}

Outcome<Database> Database::open(const std::filesystem::path& file, Outlives what) {
    if (const std::string why = make(file); !why.empty())
        return tl::make_unexpected(Trouble{Trouble::Kind::unusable, file.string() + ": " + why});
    sqlite3* handle = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
    Database database{file, handle};
    if (opened != SQLITE_OK) return database.refused();
    distrust(handle);
    sqlite3_busy_timeout(handle, 1000);  // milliseconds: a process that was killed may not be gone yet
    const char* const sync = what == Outlives::power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF";
    for (const char* statements : {settings, sync})
        if (sqlite3_exec(handle, statements, nullptr, nullptr, nullptr) != SQLITE_OK) return database.refused();
    keep_log(handle);
    return database;
}

Outcome<void> Database::run(std::string_view statement, const Row& values, const std::function<void(const Row&)>& row) {
    sqlite3_stmt* raw = nullptr;
    const int length = static_cast<int>(statement.size());
    if (sqlite3_prepare_v2(handle_.get(), statement.data(), length, &raw, nullptr) != SQLITE_OK) return refused();
    const Statement prepared{raw};
    for (std::size_t i = 0; i < values.size(); ++i)
        if (bind(raw, static_cast<int>(i + 1), values[i]) != SQLITE_OK) return refused();
    int step = sqlite3_step(raw);
    for (; step == SQLITE_ROW; step = sqlite3_step(raw))
        if (row) row(columns(raw));
    if (step != SQLITE_DONE) return refused();
    return {};
}

Outcome<void> Database::transaction(const std::function<Outcome<void>()>& body) {
    auto done = run("BEGIN IMMEDIATE").and_then(body);
    if (done) done = run("COMMIT");
    if (!done) (void)run("ROLLBACK");
    return done;
}

Outcome<void> Database::reserve(std::size_t bytes) {
    const auto size = static_cast<std::int64_t>(bytes);
    auto done = run("PRAGMA wal_checkpoint(RESTART)");  // the log begins anew, in the room that it has
    if (done) done = run("CREATE TABLE IF NOT EXISTS reserve (room BLOB)");
    if (done) done = run("INSERT INTO reserve VALUES (zeroblob(?))", {size});  // what goes through the log, stays in it
    if (done) done = run("DELETE FROM reserve");  // its pages are free now, and still the file's
    return done;
}

Outcome<void> Database::check() {
    bool sound = false;
    const auto asked = run("PRAGMA quick_check(1)", {}, [&](const Row& row) {
        const Blob* answer = std::get_if<Blob>(&row.at(0));
        sound = answer && std::string_view{reinterpret_cast<const char*>(answer->data()), answer->size()} == "ok";
    });
    if (!asked || sound) return asked;
    return tl::make_unexpected(Trouble{Trouble::Kind::damaged, file_.string() + ": the database is damaged"});
}

Outcome<std::int64_t> Database::version() {
    std::int64_t version = 0;
    const auto asked = run("PRAGMA user_version", {}, [&](const Row& row) {
        if (const auto* number = std::get_if<std::int64_t>(&row.at(0))) version = *number;
    });
    if (!asked) return tl::make_unexpected(asked.error());
    return version;
}

}  // namespace postern::store
