// What an authenticated SPA message says: the words of the payload, whatever format carried it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "base/time.h"

namespace postern::spa {

enum class Kind : std::uint8_t { open = 1, close = 2, hello = 3 };

// How a message names the address of one family that its flow will come from.
struct AddressClaim {
    enum class Mode : std::uint8_t {
        absent,   // no flow in this family
        exact,    // this address and no other
        as_seen,  // whatever address the datagram comes from
    };
    Mode mode = Mode::absent;
    IpAddress address;  // with exact
};

struct Claims {
    Kind kind = Kind::open;
    AttemptId attempt{};
    WallTime time;                      // the sender's clock
    std::vector<std::string> services;  // 1 to 8 names, no two alike
    Duration window{};                  // wished; zero: whatever the gateway gives
    AddressClaim v4;
    AddressClaim v6;
    std::uint16_t source_port = 0;  // of the flow; 0: any

    [[nodiscard]] const AddressClaim& of(Family family) const noexcept { return family == Family::v4 ? v4 : v6; }
};

}  // namespace postern::spa
