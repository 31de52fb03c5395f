// What lives until the host goes down: who was let in, and who may still come in. It survives the process, however that
// ends, and is not synced: a host that goes down takes the connections with it.
//
// Steady times are nanoseconds of CLOCK_BOOTTIME, and good in the boot that the file names. Threads: one at a time.
#pragma once

#include <array>
#include <string>

#include "base/address.h"
#include "base/time.h"
#include "store/database.h"

namespace postern::store {

struct KeptFlow {
    std::uint8_t protocol = 0;  // 6 or 17
    IpAddress source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
    std::string client;   // as Policy::identity() names it
    std::string service;  // its name
    std::uint64_t grant = 0;
    SteadyTime opened;
    std::uint32_t initial_sequence = 0;
    std::uint64_t accepts = 0;
    std::uint32_t mark = 0;   // a Mark
    std::uint8_t ending = 0;  // an Ending
    bool local = true;
    friend bool operator==(const KeptFlow&, const KeptFlow&) = default;
};

// A grant whose time is not over, and where its counter lies (gate/attempts.h).
struct KeptGrant {
    std::uint64_t id = 0;
    std::string client, service;
    IpAddress source;
    std::uint16_t source_port = 0;
    SteadyTime expires;
    std::array<std::uint8_t, 16> attempt{};
    std::uint8_t place = 0, service_place = 0;
    std::uint32_t generation = 0;
    std::uint16_t flows_left = 0;
    friend bool operator==(const KeptGrant&, const KeptGrant&) = default;
};

struct Sessions {
    std::vector<KeptFlow> flows;
    std::vector<KeptGrant> grants;
    friend bool operator==(const Sessions&, const Sessions&) = default;
};

class SessionFile {
public:
    static constexpr std::int64_t version = 1;

    // `sessions.db` in this directory. What another boot left in it, or another version, is gone; a boot without a name
    // is always another.
    [[nodiscard]] static Outcome<SessionFile> open(const std::filesystem::path& directory, const std::string& boot);

    [[nodiscard]] Outcome<Sessions> read();

    // All or nothing.
    [[nodiscard]] Outcome<void> change(const std::vector<KeptFlow>& put, const std::vector<KeptFlow>& gone);
    [[nodiscard]] Outcome<void> keep(const std::vector<KeptGrant>& grants);  // in place of those that are there

private:
    explicit SessionFile(Database database) : database_{std::move(database)} {}
    Database database_;
};

}  // namespace postern::store
