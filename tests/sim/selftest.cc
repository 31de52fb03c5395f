// A checker that cannot complain checks nothing: each of these faults is planted in worlds until the checker that it is
// meant for speaks, before any other. Exit code 0: all of them spoke; 1: one kept silent.
#include <iostream>

#include "world.h"

namespace postern::sim {
namespace {

constexpr std::uint64_t worlds = 12;  // that a fault may take to be seen

struct Fault {
    const char* what;
    const char* checker;
    Lies lies;
    bool lists = true;  // whose checker may be the first to see it
};

Lies says(Reason instead_of, Verdict verdict, Reason reason, unsigned one_in = 1, bool honest_only = false) {
    Lies lies;
    lies.verdict = [=, met = 0U](const Packet& packet, Decision& decision) mutable {
        if (decision.reason != instead_of || (honest_only && !packet.wish) || ++met % one_in != 0) return;
        decision.verdict = verdict;
        decision.reason = reason;
    };
    return lies;
}

// An honest client's line, every other time.
Lies refuses_lines() {
    Lies lies;
    lies.verdict = [met = 0U](const Packet& packet, Decision& decision) mutable {
        if (decision.reason != Reason::knock_opened || !packet.wish || !packet.wish->line || ++met % 2 != 0) return;
        decision.reason = Reason::knock_not_durable;
    };
    return lies;
}

std::vector<Fault> faults() {
    Lies forgets, loses, swells, forgets_lines, goes_back, goes_far;
    forgets_lines.forget_lines = true;
    goes_back.move_lists = -1;
    goes_far.move_lists = 7;
    forgets.forget_after_crash = true;
    loses.lose_notes = true;
    swells.swell = true;
    return {
        {"a SYN without a grant is let in", "entitled",
         says(Reason::no_grant, Verdict::accept, Reason::grant_active, 50)},
        {"a used grant lets in once more", "entitled", says(Reason::grant_used, Verdict::accept, Reason::grant_active)},
        {"junk makes a grant", "entitled", says(Reason::spa_sieve, Verdict::drop, Reason::spa_accepted, 50)},
        {"a stale message makes a grant", "entitled",
         says(Reason::spa_stale, Verdict::drop, Reason::spa_accepted, 1, true)},
        {"half a knock opens", "entitled", says(Reason::knock_step, Verdict::drop, Reason::knock_opened, 5)},
        {"a SYN comes again and is let in", "entitled", says(Reason::flow_again, Verdict::accept, Reason::flow_again)},
        {"an SPA packet is let in", "entitled", says(Reason::spa_accepted, Verdict::accept, Reason::spa_accepted)},
        {"a copy makes a grant", "once", says(Reason::spa_replayed, Verdict::drop, Reason::spa_accepted)},
        {"a crash makes the gate forget", "once", forgets, false},
        {"a message of a member is refused", "welcome",
         says(Reason::spa_accepted, Verdict::drop, Reason::spa_old, 20, true)},
        {"a member is not let in", "welcome", says(Reason::grant_active, Verdict::drop, Reason::no_grant, 20, true)},
        {"a knock is not taken", "welcome", says(Reason::knock_opened, Verdict::drop, Reason::knock_reset, 3, true),
         false},
        {"a crash makes used lines fresh again", "lines", forgets_lines},
        {"a list goes back by a line", "lines", goes_back},
        {"a list runs ahead", "lines", goes_far},
        {"an honest line does not open", "lines", refuses_lines()},
        {"packets are missing in the log", "sums", loses},
        {"tables grow", "bounds", swells},
    };
}

bool is_of(const char* checker, const std::string& complaint) {
    return complaint.find(std::string{" s: "} + checker + ": ") != std::string::npos;
}

// What its checker said first in one of the worlds; else what another said, or nothing.
std::string complaint_about(const Fault& fault) {
    std::string other = "nobody complained";
    for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
        const Outcome outcome = run({seed, 2, nullptr, fault.lies, fault.lists});
        if (!outcome.complaint) continue;
        if (is_of(fault.checker, *outcome.complaint)) return *outcome.complaint;
        other = *outcome.complaint;
    }
    return other;
}

bool spoke(const Fault& fault) {
    const std::string complaint = complaint_about(fault);
    const bool right = is_of(fault.checker, complaint);
    std::cout << (right ? "ok: " : "FAILED: ") << fault.what << ": " << complaint << std::endl;
    return right;
}

}  // namespace
}  // namespace postern::sim

int main() {
    bool all = true;
    for (const auto& fault : postern::sim::faults()) all &= postern::sim::spoke(fault);
    return all ? 0 : 1;
}
