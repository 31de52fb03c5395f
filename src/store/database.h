// One SQLite file: statements with values, and transactions that are all or nothing.
//
// It is held alone: who opens a file that another process has open gets an Error, so its write-ahead log needs no
// shared memory. Threads: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

struct sqlite3;

namespace postern::store {

// One line that names the file, for a person; and what can be done about it.
struct Trouble {
    enum class Kind {
        unusable,  // it cannot be read or written now: permissions, a full disk
        damaged,   // it is no database, or a broken one
        newer,     // a newer postern has made it
        held,      // another process has it open
    };
    Kind kind = Kind::unusable;
    std::string text;
};

template <class T>
using Outcome = tl::expected<T, Trouble>;

using Blob = std::vector<std::uint8_t>;
using Value = std::variant<std::monostate, std::int64_t, Blob>;  // NULL, INTEGER, BLOB
using Row = std::vector<Value>;

class Database {
public:
    // What a transaction outlives when it has ended well.
    enum class Outlives { process, power };

    // The file is made where it is missing, with mode 0600.
    [[nodiscard]] static Outcome<Database> open(const std::filesystem::path& file, Outlives what = Outlives::power);

    // One statement. What it selects goes to `row`, if there is one.
    [[nodiscard]] Outcome<void> run(std::string_view statement, const Row& values = {},
                                    const std::function<void(const Row&)>& row = {});

    // All that the body does, or nothing of it.
    [[nodiscard]] Outcome<void> transaction(const std::function<Outcome<void>()>& body);

    // Takes room on the disk, in the file and in its log, so that transactions of up to so many bytes need no more of
    // it.
    [[nodiscard]] Outcome<void> reserve(std::size_t bytes);

    // Whether every page is sound: damaged where not.
    [[nodiscard]] Outcome<void> check();

    // PRAGMA user_version, which is ours to give; 0: nobody has.
    [[nodiscard]] Outcome<std::int64_t> version();

    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept;
    };
    Database(std::filesystem::path file, sqlite3* handle) : file_{std::move(file)}, handle_{handle} {}
    [[nodiscard]] tl::unexpected<Trouble> refused() const;

    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace postern::store
