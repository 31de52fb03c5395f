// Who sees what happens at the gate, and the court to which witnesses complain. A checker is a witness that knows the
// policy and what was truly sent, and never looks into the gate's tables.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gate/decision.h"
#include "gate/inventory.h"
#include "packet.h"

namespace postern::sim {

// A packet, what was decided, and at which instant and under which policy the worker did so.
struct Judged {
    const Packet& packet;
    const Decision& decision;
    Instant now;
    const Policy& policy;
};

// How a process of the gate came to its end, or to its beginning after one.
enum class End : std::uint8_t { none, in_order, crash };

// What one worker has judged and said since it began.
struct Tally {
    std::uint64_t judged = 0, lines = 0, counted = 0;
};

// What is held: in tables of these sizes, and on disk.
struct Held {
    Fill fill;
    TableSizes sizes;
    std::uintmax_t on_disk = 0;  // bytes
    std::size_t clients = 0;     // of the policy
};

class Witness {
public:
    virtual ~Witness() = default;
    virtual void judged(const Judged&) {}
    virtual void lived(Instant, const Policy&, End) {}  // a process begins; how the one before it ended
    virtual void died(Instant, const Policy&, End) {}
    virtual void looked(Instant, const Policy&) {}  // every second: the process has done what it does then
    virtual void clock_set(Instant, Duration) {}    // behind the step
    virtual void reloaded(Instant, const Policy&) {}
    virtual void revoked(Instant, const std::string&) {}  // all of one client's
    virtual void tallied(const Tally&) {}                 // behind a flush that the log took whole
    virtual void held(const Held&) {}
};

// The first complaint ends the world.
class Court {
public:
    void call(std::shared_ptr<Witness> witness) { witnesses_.push_back(std::move(witness)); }
    void complain(const std::string& what) {
        if (!complaint_) complaint_ = what;
    }
    [[nodiscard]] const std::optional<std::string>& complaint() const noexcept { return complaint_; }

    template <class Event, class... Args>
    void tell(Event event, const Args&... args) {
        for (const auto& witness : witnesses_) ((*witness).*event)(args...);
    }

private:
    std::vector<std::shared_ptr<Witness>> witnesses_;
    std::optional<std::string> complaint_;
};

}  // namespace postern::sim
