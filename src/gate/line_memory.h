// Which lines of one-time lists are used, over reloads and behind the processes before: a line that was used once is
// never good again, wherever it stands in whatever file.
//
// A knock's LineCounter (knock/one_time.h) is taken from on the path of a packet; this here sets it up. When a list's
// lines change, its counter is closed first, so that what was used is known for good, and opened at a place in the new
// list behind the last line that is used. The disk (posternd/keeper.h) is always ahead of it: it counts some lines as
// used, then these are reserved, and no others can be taken.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "gate/policy.h"

namespace postern {

// Lines that the disk is to count as used, and what is then reserved.
struct LinesAhead {
    ClientId knock = ClientId::none;
    ListId list = ListId::none;
    std::uint32_t to = 0;
    std::vector<knock::LineDigest> digests;
};

// What a list has left, for an operator.
struct LinesLeft {
    ClientId knock = ClientId::none;
    std::size_t left = 0, of = 0;
    std::size_t reserved = 0;  // of those left
    std::uint8_t look_ahead = 0;
    bool doubted = false;  // all its lines count as used because nothing proved them fresh
};

// Of lines: all that may be used by now, as any that is reserved may; or only those that are.
enum class Used : std::uint8_t { perhaps, surely };

// Not synchronised, but for the counters.
class LineMemory {
public:
    using Digests = std::set<knock::LineDigest>;
    using CounterOf = std::function<knock::LineCounter&(ClientId)>;

    // Takes the lists of a policy. Lists with the lines that they had go on; others are closed before any is opened, so
    // that a line which moves from one to another cannot be used in both.
    void enroll(const Policy& policy, const CounterOf& counter_of);

    // From here on a line can only be taken when it was reserved.
    void hold();

    // These were used before, by another process. Doubted: nothing proves fresh what a knock's list has, now or, where
    // it has none, in the first policy that gives it one.
    void remember(Digests used, bool doubted);

    [[nodiscard]] Digests used(Used which) const;

    // What the disk should be asked for: up to two lines ahead of what is used.
    [[nodiscard]] std::vector<LinesAhead> ahead() const;
    void reserve(const LinesAhead& lines);  // it has them

    [[nodiscard]] std::vector<LinesLeft> left() const;

private:
    using List = std::shared_ptr<const knock::OneTimeList>;
    struct Listed {
        List list;
        knock::LineCounter* counter = nullptr;  // outlives it
    };
    using Open = std::map<ClientId, Listed>;

    void doubt(ClientId knock, const knock::OneTimeList& list);
    [[nodiscard]] Digests close(const Listed& listed);
    void open(const Listed& listed, const Digests& reserved);

    bool held_ = false;
    Digests used_;  // of lists that are closed, and by other processes
    bool doubted_ = false;
    std::map<ClientId, ListId> void_;  // whose lines count as used because they were doubted, and which
    Open open_;
};

}  // namespace postern
