// What the log says: one event is one JSON line (postern-log(5)). Workers make events; the writer renders them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "base/verdict.h"
#include "gate/decision.h"
#include "gate/policy.h"
#include "packet/view.h"

namespace postern::log {

// The version of the schema, `postern.v` of every line. New members may come with the same number.
inline constexpr int schema_version = 1;

// A packet as the log names it; the payload stays behind.
struct PacketNames {
    Family family = Family::v4;
    Transport transport = Transport::none;
    std::uint8_t protocol = 0;
    IpAddress source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint8_t icmp_type = 0, icmp_code = 0;
};

[[nodiscard]] PacketNames names_of(const PacketView& packet) noexcept;

enum class EventType : std::uint8_t {
    verdict,  // a packet was judged: what the ledger gives a line of its own
    repeats,  // further packets of one source and reason since the last line about them: a count
    grant,    // a grant ended without a flow; that it was made is a verdict
    flow,     // a flow ended
    engine,   // the daemon itself
};

inline constexpr auto event_types = std::to_array<std::string_view>({"verdict", "repeats", "grant", "flow", "engine"});

[[nodiscard]] constexpr std::string_view word(EventType type) noexcept {
    return event_types[static_cast<std::size_t>(type)];
}

// What happened, of events that are not about one verdict. One spelling for enumerator, line and manual.
enum class What : std::uint8_t {
#define POSTERN_OCCURRENCE(name, meaning) name,
#include "log/occurrences.def"
#undef POSTERN_OCCURRENCE
};

inline constexpr auto occurrences = std::to_array<std::string_view>({
#define POSTERN_OCCURRENCE(name, meaning) #name,
#include "log/occurrences.def"
#undef POSTERN_OCCURRENCE
});

[[nodiscard]] constexpr std::string_view word(What what) noexcept {
    return occurrences[static_cast<std::size_t>(what)];
}

// Which members a line has follows from the type alone; what an event leaves empty is left out.
struct Event {
    EventType type = EventType::verdict;
    WallTime time;
    std::optional<PacketNames> packet;     // verdict, flow: the 5-tuple; grant, repeats: its source; engine: none
    Decision decision;                     // verdict, repeats: all; grant, flow: the ids and the attempt
    std::optional<std::uint16_t> queue;    // the number of the queue, where a worker speaks
    std::uint64_t count = 0;               // repeats: packets; flow: packets let in by verdict; engine: how many
    What what = What::started;             // grant, flow, engine
    std::string text;                      // engine: a sentence; empty elsewhere
    std::shared_ptr<const Policy> policy;  // names the ids; null where there are none
};

[[nodiscard]] Event engine_event(What what, std::string text, WallTime time, std::uint64_t count = 0);

// One line of JSON without the newline; foreign bytes are escaped, and none of the payload is ever in it.
[[nodiscard]] std::string to_json(const Event& event);

}  // namespace postern::log
