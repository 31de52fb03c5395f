// How many Diffie-Hellmans strangers may cost the gateway, and how members keep theirs.
//
// Two buckets: one for everybody, one only for sources that proved a key within the last hour. A flood of forged
// messages (its author knows the gateway's public key) empties the first; whoever got in before is still served by the
// second. A source can be spoofed, so being known earns a place in the queue and nothing else.
#pragma once

#include <cstdint>

#include "base/bounded_table.h"
#include "base/time.h"
#include "packet/flow.h"

namespace postern {

class Bucket {
public:
    explicit Bucket(double rate) : rate_{rate}, level_{rate} {}  // a second

    // Takes one; refills by the time that passed since the last call, to at most a second's worth.
    [[nodiscard]] bool take(SteadyTime now) noexcept;

private:
    double rate_;
    double level_;
    SteadyTime filled_;
};

class Budget {
public:
    static constexpr std::uint32_t handshakes_per_second = 1000;

    explicit Budget(const KeyedHash& hash) : known_{4096, hash} {}

    [[nodiscard]] bool take(const IpAddress& source, SteadyTime now);

    // `source` proved a key.
    void vouch(const IpAddress& source, SteadyTime now);

private:
    static constexpr Duration memory = std::chrono::hours{1};

    // A subscriber's line: the address in IPv4, the /64 in IPv6.
    [[nodiscard]] static IpAddress line(const IpAddress& source) noexcept { return source.masked(64); }

    Bucket everybody_{handshakes_per_second};
    Bucket known_only_{handshakes_per_second};
    SteadyTime swept_;
    BoundedTable<IpAddress, SteadyTime, KeyedHash> known_;
};

}  // namespace postern
