#include "netfilter/queue.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "netfilter/verdicts.h"

namespace postern::netfilter {
namespace {

// A counter with one writer and readers in other threads.
class Count {
public:
    void add(std::uint64_t more) noexcept { value_.store(get() + more, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

struct Tally {
    Count received, lost, overruns, stale_verdicts, netlink_errors;
    std::atomic<std::uint32_t> last_id{0};
};

// Room for a batch of datagrams, taken once. The pages of a slot are touched only as far as its packets reach.
class ReceiveRing {
public:
    ReceiveRing() : memory_{std::make_unique_for_overwrite<std::uint8_t[]>(slot_size * Queue::batch_size)} {
        for (std::size_t i = 0; i < headers_.size(); ++i) {
            vectors_[i] = {memory_.get() + i * slot_size, slot_size};
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
            headers_[i].msg_hdr.msg_name = &senders_[i];
        }
    }
    ReceiveRing(const ReceiveRing&) = delete;
    ReceiveRing& operator=(const ReceiveRing&) = delete;

    // As recvmmsg: how many datagrams, or -1 and errno.
    [[nodiscard]] int fill(int fd) noexcept {
        for (auto& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_nl);
        return recvmmsg(fd, headers_.data(), Queue::batch_size, MSG_DONTWAIT, nullptr);
    }

    [[nodiscard]] Bytes datagram(std::size_t i) const noexcept {
        return {memory_.get() + i * slot_size, headers_[i].msg_len};
    }
    [[nodiscard]] bool from_kernel(std::size_t i) const noexcept { return senders_[i].nl_pid == 0; }

private:
    // The largest payload and all attributes around it. No multiple of a page, so that the slots' first bytes do not
    // compete for the same cache lines.
    static constexpr std::size_t slot_size = 65536 + 832;

    std::unique_ptr<std::uint8_t[]> memory_;
    std::array<mmsghdr, Queue::batch_size> headers_{};
    std::array<iovec, Queue::batch_size> vectors_{};
    std::array<sockaddr_nl, Queue::batch_size> senders_{};
};

}  // namespace

struct Queue::State {
    State(std::uint16_t queue, BoundQueue bound, int wake)
        : number{queue}, wake_fd{wake}, netlink{std::move(bound.netlink)}, warnings{std::move(bound.warnings)} {}

    [[nodiscard]] bool wait(std::chrono::milliseconds timeout) const noexcept;
    [[nodiscard]] int take() noexcept;
    [[nodiscard]] std::span<const QueuedPacket> sort(std::size_t datagrams) noexcept;
    void number_packet(std::uint32_t id) noexcept;
    void send(Ballast ballast) noexcept;

    void read(KernelError error) noexcept {
        if (error.number == ENOENT) tally.stale_verdicts.add(1);
        if (error.number != ENOENT && error.number != 0) tally.netlink_errors.add(1);
    }

    std::uint16_t number;
    int wake_fd;
    Netlink netlink;
    std::vector<std::string> warnings;
    ReceiveRing ring;
    std::array<QueuedPacket, batch_size> packets;
    Verdicts verdicts{number};
    Tally tally;
};

// False: there is nothing to receive.
bool Queue::State::wait(std::chrono::milliseconds timeout) const noexcept {
    std::array<pollfd, 2> sources{{{netlink.fd(), POLLIN, 0}, {wake_fd, POLLIN, 0}}};  // poll skips a negative fd
    return poll(sources.data(), sources.size(), static_cast<int>(timeout.count())) > 0 && sources[0].revents != 0;
}

// As recvmmsg; an overrun is counted and read past.
int Queue::State::take() noexcept {
    int taken = ring.fill(netlink.fd());
    while (taken < 0 && errno == ENOBUFS) {
        tally.overruns.add(1);
        taken = ring.fill(netlink.fd());
    }
    return taken;
}

// The packets among the datagrams; the rest is counted.
std::span<const QueuedPacket> Queue::State::sort(std::size_t datagrams) noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < datagrams; ++i) {
        const QueueMessage message = ring.from_kernel(i) ? parse_queue_message(ring.datagram(i), number) : Unreadable{};
        if (const auto* packet = std::get_if<QueuedPacket>(&message)) {
            number_packet(packet->id);
            packets[count++] = *packet;
        } else if (const auto* error = std::get_if<KernelError>(&message)) {
            read(*error);
        } else {
            tally.netlink_errors.add(1);
        }
    }
    tally.received.add(count);
    return {packets.data(), count};
}

// The kernel numbers packets in the order in which it sends them; what is skipped did not fit into the socket's buffer.
void Queue::State::number_packet(std::uint32_t id) noexcept {
    tally.lost.add(id - tally.last_id.load(std::memory_order_relaxed) - 1);  // unsigned: right across the wrap
    tally.last_id.store(id, std::memory_order_relaxed);
}

void Queue::State::send(Ballast ballast) noexcept {
    const Bytes messages = verdicts.take(ballast);
    if (messages.empty()) return;
    const sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
    const auto sent = sendto(netlink.fd(), messages.data(), messages.size(), 0,
                             reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (sent < 0) tally.netlink_errors.add(1);
}

Queue::Queue(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

Result<Queue> Queue::open(std::uint16_t number, const QueueOptions& options) {
    auto bound = bind_queue(number, options);
    if (!bound) return tl::make_unexpected(bound.error());
    return Queue{std::make_unique<State>(number, std::move(*bound), options.wake_fd)};
}

Result<std::span<const QueuedPacket>> Queue::receive(std::chrono::milliseconds timeout) {
    int taken = state_->take();
    if (taken < 0 && errno == EAGAIN) {
        if (!state_->wait(timeout)) return std::span<const QueuedPacket>{};
        taken = state_->take();
    }
    if (taken >= 0) return state_->sort(static_cast<std::size_t>(taken));
    if (errno == EAGAIN || errno == EINTR) return std::span<const QueuedPacket>{};
    return failure(fmt::format("queue {}: cannot receive: {}", state_->number, std::strerror(errno)));
}

void Queue::accept(std::uint32_t id, std::uint32_t mark) noexcept {
    if (state_->verdicts.full()) settle();
    state_->verdicts.accept(id, mark);
}

void Queue::drop(std::uint32_t id) noexcept { state_->verdicts.drop(id); }
void Queue::settle() noexcept { state_->send(Ballast::keep); }
void Queue::idle() noexcept { state_->send(Ballast::release); }

QueueCounters Queue::counters() const noexcept {
    const Tally& tally = state_->tally;
    return {tally.received.get(),       tally.lost.get(),           tally.overruns.get(),
            tally.stale_verdicts.get(), tally.netlink_errors.get(), tally.last_id.load(std::memory_order_relaxed)};
}

const std::vector<std::string>& Queue::warnings() const noexcept { return state_->warnings; }
std::uint16_t Queue::number() const noexcept { return state_->number; }

}  // namespace postern::netfilter
