// One kernel packet queue: receive a batch, say a verdict about each, settle the batch.
//
//     queue.receive(100ms) -> packets      nothing came: queue.idle()
//     for each: queue.accept(id, mark) or queue.drop(id)
//     queue.settle()
//
// A packet without a verdict is dropped with the drops around it. Nothing is allocated between receive and settle.
// Each queue has a netlink socket of its own; the socket owns the queue, and closing it drops what waits there.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "netfilter/queue_message.h"
#include "netfilter/queue_setup.h"

namespace postern::netfilter {

// Since the queue was opened: received + lost = packets that the kernel numbered up to last_id.
struct QueueCounters {
    std::uint64_t received = 0;        // packets handed out by receive()
    std::uint64_t lost = 0;            // ids skipped: the socket's buffer was full (the kernel's user_dropped)
    std::uint64_t overruns = 0;        // ENOBUFS; stays 0 unless the options ask for reports
    std::uint64_t stale_verdicts = 0;  // ENOENT: the packet was gone before its verdict
    std::uint64_t netlink_errors = 0;  // everything else: unreadable messages, other errors, refused sends
    std::uint32_t last_id = 0;         // of the newest packet received
};

class Queue {
public:
    static constexpr std::size_t batch_size = 64;

    // Packets arrive from now on. The errors say what to do: no privilege, no kernel support, somebody else's queue.
    [[nodiscard]] static Result<Queue> open(std::uint16_t number, const QueueOptions& options = {});

    Queue(Queue&&) noexcept;
    Queue& operator=(Queue&&) noexcept;
    ~Queue();

    // Waits for the first packet, then takes up to batch_size without waiting. Empty: timeout, wake_fd or a signal, or
    // only messages that were no packets. The view lives until the next receive. An error is final: the socket is
    // broken.
    [[nodiscard]] Result<std::span<const QueuedPacket>> receive(std::chrono::milliseconds timeout);

    // Lets the packet pass the queuing chain again (NF_REPEAT) with this mark in place of its own.
    void accept(std::uint32_t id, std::uint32_t mark) noexcept;

    void drop(std::uint32_t id) noexcept;

    // Sends the verdicts said since the last call, in one go; about 96 drops stay undecided in the kernel's queue.
    void settle() noexcept;

    // Sends every verdict, the drops that settle() left behind included: to be called when receive() came back empty.
    void idle() noexcept;

    [[nodiscard]] QueueCounters counters() const noexcept;  // any thread, while the queue lives
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept;
    [[nodiscard]] std::uint16_t number() const noexcept;

private:
    struct State;
    explicit Queue(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace postern::netfilter
