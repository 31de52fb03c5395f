// One queue, one thread: receive a batch, parse, decide, log, settle.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/siphash.h"
#include "gate/decide.h"
#include "io/poll.h"
#include "log/ledger.h"
#include "netfilter/queue.h"
#include "posternd/current.h"
#include "posternd/followers.h"
#include "posternd/journal.h"

namespace postern {

// Verdicts by reason. Written by one worker, read by any thread.
class VerdictCounters {
public:
    void count(Reason reason) noexcept {
        counts_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t of(Reason reason) const noexcept {
        return counts_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<std::uint64_t>, reason_count> counts_{};
};

// What the worker shares with the daemon around it; all of it outlives the worker.
struct WorkerContext {
    const CurrentPolicy& current;
    Tables& tables;
    Journal& journal;
    Followers& followers;
    const io::Waker& endings_waker;  // woken for a decision that ends flows
    std::size_t producer = 0;        // the worker's ring in the journal, and for the followers
    SipKey ledger_key{};
};

class Worker {
public:
    Worker(netfilter::Queue queue, const WorkerContext& context);

    // Until stopped; then judges what waits already, settles it and returns. An error of the queue ends the loop: its
    // text is left in failure().
    void run(const std::stop_token& stop);

    // Any thread.
    [[nodiscard]] const VerdictCounters& verdicts() const noexcept { return verdicts_; }
    [[nodiscard]] const netfilter::Queue& queue() const noexcept { return queue_; }
    [[nodiscard]] std::optional<std::string> failure() const;

    // Odd while a batch is judged and settled. Whoever publishes a policy, reads an odd number and then another one
    // knows that nothing is judged by the policy before any more; an even number says it at once.
    [[nodiscard]] std::uint64_t turns() const noexcept { return turns_.load(); }

private:
    using Batch = std::span<const netfilter::QueuedPacket>;

    [[nodiscard]] bool turn(std::chrono::milliseconds patience);
    void take_new_policy();
    void take_new_followed();
    void judge(const netfilter::QueuedPacket& packet, Instant now);
    void note(const PacketView& view, const Decision& decision, Instant now);
    void tell_followers(const PacketView& view, const Decision& decision, Instant now);
    void finish_turn(Instant now);

    netfilter::Queue queue_;
    WorkerContext context_;
    CurrentPolicy::Pointer policy_;
    spa::Opener opener_;
    log::Ledger ledger_;
    bool spoke_ = false;  // pushed an event in this turn
    std::atomic<std::uint64_t> turns_ = 0;
    Followed followed_;
    std::uint64_t followed_version_ = 0;
    bool told_followers_ = false;  // in this turn
    VerdictCounters verdicts_;
    mutable Guarded<std::optional<std::string>> failure_;
};

}  // namespace postern
