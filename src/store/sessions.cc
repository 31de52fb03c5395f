#include "store/sessions.h"

#include <algorithm>

#include "store/columns.h"

namespace postern::store {
namespace {

namespace fs = std::filesystem;

constexpr std::array tables{
    "CREATE TABLE IF NOT EXISTS boot (id BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS flow (protocol INTEGER NOT NULL, source BLOB NOT NULL, source_port INTEGER NOT NULL, "
    "destination BLOB NOT NULL, destination_port INTEGER NOT NULL, client BLOB NOT NULL, service BLOB NOT NULL, "
    "granted INTEGER NOT NULL, opened INTEGER NOT NULL, sequence INTEGER NOT NULL, accepts INTEGER NOT NULL, "
    "mark INTEGER NOT NULL, ending INTEGER NOT NULL, local INTEGER NOT NULL, "
    "PRIMARY KEY (protocol, source, source_port, destination, destination_port)) STRICT",
    "CREATE TABLE IF NOT EXISTS granted (id INTEGER PRIMARY KEY, client BLOB NOT NULL, service BLOB NOT NULL, "
    "source BLOB NOT NULL, source_port INTEGER NOT NULL, expires INTEGER NOT NULL, attempt BLOB NOT NULL, "
    "place INTEGER NOT NULL, service_place INTEGER NOT NULL, generation INTEGER NOT NULL, "
    "flows_left INTEGER NOT NULL) STRICT",
    "PRAGMA user_version = 1",
};
static_assert(SessionFile::version == 1);

constexpr std::size_t room = std::size_t{256} << 10;  // for a thousand flows on a disk that is full

Blob address(const IpAddress& address) { return {address.bytes().begin(), address.bytes().end()}; }
IpAddress address_of(const Value& value) {
    const Blob& bytes = std::get<Blob>(value);
    if (bytes.size() != 4 && bytes.size() != 16) throw std::bad_variant_access{};
    return bytes.size() == 4 ? IpAddress::v4(bytes) : IpAddress::v6(bytes);
}

std::int64_t number(SteadyTime time) { return time.time_since_epoch().count(); }
SteadyTime steady(const Value& value) { return SteadyTime{Duration{std::get<std::int64_t>(value)}}; }

Row name_of(const KeptFlow& flow) {
    return {std::int64_t{flow.protocol}, address(flow.source), std::int64_t{flow.source_port},
            address(flow.destination), std::int64_t{flow.destination_port}};
}

Row row_of(const KeptFlow& flow) {
    Row row = name_of(flow);
    for (Value& value :
         Row{text(flow.client), text(flow.service), static_cast<std::int64_t>(flow.grant), number(flow.opened),
             std::int64_t{flow.initial_sequence}, static_cast<std::int64_t>(flow.accepts), std::int64_t{flow.mark},
             std::int64_t{flow.ending}, std::int64_t{flow.local}})
        row.push_back(std::move(value));
    return row;
}

KeptFlow flow_of(const Row& row) {
    KeptFlow flow;
    flow.protocol = integer<std::uint8_t>(row[0]);
    flow.source = address_of(row[1]);
    flow.source_port = integer<std::uint16_t>(row[2]);
    flow.destination = address_of(row[3]);
    flow.destination_port = integer<std::uint16_t>(row[4]);
    flow.client = text_of(row[5]);
    flow.service = text_of(row[6]);
    flow.grant = integer<std::uint64_t>(row[7]);
    flow.opened = steady(row[8]);
    flow.initial_sequence = integer<std::uint32_t>(row[9]);
    flow.accepts = integer<std::uint64_t>(row[10]);
    flow.mark = integer<std::uint32_t>(row[11]);
    flow.ending = integer<std::uint8_t>(row[12]);
    flow.local = integer<std::uint8_t>(row[13]) != 0;
    return flow;
}

Row row_of(const KeptGrant& grant) {
    return {static_cast<std::int64_t>(grant.id),
            text(grant.client),
            text(grant.service),
            address(grant.source),
            std::int64_t{grant.source_port},
            number(grant.expires),
            blob(grant.attempt),
            std::int64_t{grant.place},
            std::int64_t{grant.service_place},
            std::int64_t{grant.generation},
            std::int64_t{grant.flows_left}};
}

KeptGrant grant_of(const Row& row) {
    KeptGrant grant;
    grant.id = integer<std::uint64_t>(row[0]);
    grant.client = text_of(row[1]);
    grant.service = text_of(row[2]);
    grant.source = address_of(row[3]);
    grant.source_port = integer<std::uint16_t>(row[4]);
    grant.expires = steady(row[5]);
    grant.attempt = bytes<16>(row[6]);
    grant.place = integer<std::uint8_t>(row[7]);
    grant.service_place = integer<std::uint8_t>(row[8]);
    grant.generation = integer<std::uint32_t>(row[9]);
    grant.flows_left = integer<std::uint16_t>(row[10]);
    return grant;
}

// What another boot left is gone: its connections are.
Outcome<void> belong_to(Database& database, const std::string& boot) {
    bool same = false;
    auto done =
        each(database, "SELECT id FROM boot", [&](const Row& row) { same = !boot.empty() && text_of(row[0]) == boot; });
    if (!done || same) return done;
    constexpr std::array emptied{"DELETE FROM boot", "DELETE FROM flow", "DELETE FROM granted"};
    if (done = run_all(database, emptied); !done) return done;
    return database.run("INSERT INTO boot VALUES (?)", {text(boot)});
}

Outcome<Sessions> all_of(Database& database) {
    Sessions sessions;
    auto done =
        each(database,
             "SELECT protocol, source, source_port, destination, destination_port, client, service, granted, opened, "
             "sequence, accepts, mark, ending, local FROM flow",
             [&](const Row& row) { sessions.flows.push_back(flow_of(row)); });
    if (done)
        done =
            each(database,
                 "SELECT id, client, service, source, source_port, expires, attempt, place, service_place, generation, "
                 "flows_left FROM granted ORDER BY id",
                 [&](const Row& row) { sessions.grants.push_back(grant_of(row)); });
    if (!done) return tl::make_unexpected(done.error());
    return sessions;
}

Outcome<Database> opened(const fs::path& file, const std::string& boot) {
    auto database = Database::open(file, Database::Outlives::process);
    if (!database) return database;
    const auto found = database->version();
    if (found && *found != 0 && *found != SessionFile::version)
        return tl::make_unexpected(Trouble{Trouble::Kind::damaged, file.string() + ": another postern has made it"});
    const auto usable = database->check()
                            .and_then([&] { return run_all(*database, tables); })
                            .and_then([&] { return belong_to(*database, boot); })
                            .and_then([&] { return database->reserve(room); })
                            .and_then([&] { return all_of(*database); });
    if (!usable) return tl::make_unexpected(usable.error());
    return database;
}

}  // namespace

// Nothing in it is worth keeping where it cannot be read: the connections go on without it.
Outcome<SessionFile> SessionFile::open(const fs::path& directory, const std::string& boot) {
    const fs::path file = directory / "sessions.db";
    auto database = opened(file, boot);
    if (!database && database.error().kind == Trouble::Kind::damaged) {
        std::error_code ignored;
        for (const char* part : {"", "-wal", "-journal"}) fs::remove(file.string() + part, ignored);
        database = opened(file, boot);
    }
    if (!database) return tl::make_unexpected(database.error());
    return SessionFile{std::move(*database)};
}

Outcome<Sessions> SessionFile::read() { return all_of(database_); }

Outcome<void> SessionFile::change(const std::vector<KeptFlow>& put, const std::vector<KeptFlow>& gone) {
    return database_.transaction([&]() -> Outcome<void> {
        for (const KeptFlow& flow : gone)
            if (auto done = database_.run("DELETE FROM flow WHERE protocol = ? AND source = ? AND source_port = ? AND "
                                          "destination = ? AND destination_port = ?",
                                          name_of(flow));
                !done)
                return done;
        for (const KeptFlow& flow : put)
            if (auto done = database_.run(
                    "INSERT OR REPLACE INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row_of(flow));
                !done)
                return done;
        return {};
    });
}

Outcome<void> SessionFile::keep(const std::vector<KeptGrant>& grants) {
    return database_.transaction([&]() -> Outcome<void> {
        auto done = database_.run("DELETE FROM granted");
        for (const KeptGrant& grant : grants)
            if (done)
                done = database_.run("INSERT INTO granted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row_of(grant));
        return done;
    });
}

}  // namespace postern::store
