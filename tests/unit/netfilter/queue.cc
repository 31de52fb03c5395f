#include "netfilter/queue.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstring>
#include <fstream>
#include <set>

#include "allocations.h"
#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t number = 7;
constexpr std::uint32_t accepted = 0x05000000;

// The shape of the real rules: step 2 settles what was accepted, the rest goes to the queue.
void load_rules() {
    run_tool("iptables -t mangle -A PREROUTING -m mark --mark 0x05000000/0xff000000 -j ACCEPT");
    run_tool("iptables -t mangle -A PREROUTING -p udp --dport 4000:4999 -j NFQUEUE --queue-num 7");
}

// A bound receiver on lo, and a sender to it.
class Wire {
public:
    Wire() : to_{}, receiver_{udp()}, sender_{udp()} {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(4000);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        DEMAND(bind(receiver_, reinterpret_cast<sockaddr*>(&to_), sizeof to_) == 0);
    }
    void send(std::uint32_t value, int times = 1) const {
        for (int i = 0; i < times; ++i)
            DEMAND(sendto(sender_, &value, sizeof value, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) == 4);
    }
    // Everything that has arrived: delivery over lo is over when the verdict's send returns.
    [[nodiscard]] std::set<std::uint32_t> arrived() const {
        std::set<std::uint32_t> values;
        std::uint32_t value = 0;
        while (recv(receiver_, &value, sizeof value, MSG_DONTWAIT) == sizeof value) values.insert(value);
        return values;
    }

private:
    static int udp() { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }
    sockaddr_in to_;
    int receiver_;
    int sender_;
};

// One line of /proc/net/netfilter/nfnetlink_queue.
struct KernelLine {
    std::uint32_t queue, port, waiting, mode, range, queue_dropped, user_dropped, last_id;
};

KernelLine kernel_line() {
    std::ifstream file{"/proc/self/net/netfilter/nfnetlink_queue"};
    KernelLine line{};
    DEMAND(file >> line.queue >> line.port >> line.waiting >> line.mode >> line.range >> line.queue_dropped >>
           line.user_dropped >> line.last_id);
    return line;
}

Queue open_queue(const QueueOptions& options = {}) {
    auto queue = Queue::open(number, options);
    if (!queue) throw std::runtime_error(queue.error().text);
    return std::move(*queue);
}

std::span<const QueuedPacket> receive(Queue& queue, std::chrono::milliseconds timeout = 2000ms) {
    const auto packets = queue.receive(timeout);
    if (!packets) throw std::runtime_error(packets.error().text);
    return *packets;
}

// The test's own number behind the IPv4 and UDP headers.
std::uint32_t value_of(const QueuedPacket& packet) {
    std::uint32_t value = 0;
    DEMAND(packet.payload.size() == 20 + 8 + sizeof value);
    std::memcpy(&value, packet.payload.data() + 28, sizeof value);
    return value;
}

// Receives and drops until nothing waits any more.
void drop_all(Queue& queue) {
    for (auto packets = receive(queue, 0ms); !packets.empty(); packets = receive(queue, 0ms)) {
        for (const auto& packet : packets) queue.drop(packet.id);
        queue.settle();
    }
    queue.idle();
}

}  // namespace

TEST_CASE("an accepted packet passes with its mark, dropped ones do not", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        Queue queue = open_queue();
        const Wire wire;
        for (std::uint32_t value = 1; value <= 10; ++value) wire.send(value);
        const auto packets = receive(queue);
        DEMAND(packets.size() == 10);
        for (const auto& packet : packets) {
            DEMAND(packet.mark == 0);
            DEMAND(!packet.cut());
            value_of(packet) % 3 == 0 ? queue.accept(packet.id, accepted) : queue.drop(packet.id);
        }
        queue.settle();
        DEMAND((wire.arrived() == std::set<std::uint32_t>{3, 6, 9}));
        DEMAND(kernel_line().waiting == 7);
        queue.idle();
        DEMAND(kernel_line().waiting == 0);
        DEMAND(wire.arrived().empty());
        DEMAND(queue.counters().netlink_errors == 0);
    });
}

TEST_CASE("a repeated packet whose mark nobody settles comes back", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        Queue queue = open_queue();
        const Wire wire;
        wire.send(1);
        queue.accept(receive(queue).front().id, 0x00000042);
        queue.settle();
        DEMAND(receive(queue).front().mark == 0x42);
        DEMAND(wire.arrived().empty());
    });
}

TEST_CASE("a flood leaves the ballast, and its counters are the kernel's", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        Queue queue = open_queue();
        const Wire wire;
        wire.send(1, 1000);
        std::uint64_t seen = 0;
        for (auto packets = receive(queue, 0ms); !packets.empty(); packets = receive(queue, 0ms)) {
            DEMAND(packets.size() <= Queue::batch_size);
            seen += packets.size();
            for (const auto& packet : packets) queue.drop(packet.id);
            queue.settle();
        }
        DEMAND(seen == 1000);
        DEMAND(kernel_line().waiting == 96);
        queue.idle();
        queue.idle();
        const auto kernel = kernel_line();
        const auto counters = queue.counters();
        DEMAND(kernel.waiting == 0);
        DEMAND(kernel.last_id == 1000);
        DEMAND(kernel.range > 60000);
        DEMAND(counters.received == 1000);
        DEMAND(counters.last_id == kernel.last_id);
        DEMAND(counters.lost == 0);
        DEMAND(counters.stale_verdicts == 0);
        DEMAND(counters.netlink_errors == 0);
    });
}

namespace {

// Overruns the socket's buffer, then holds the counters against the kernel's.
void overrun(bool report) {
    load_rules();
    QueueOptions options;
    options.receive_buffer = 16384;
    options.report_overruns = report;
    Queue queue = open_queue(options);
    const Wire wire;
    wire.send(1, 500);
    drop_all(queue);
    wire.send(2);  // a loss shows in the id of the packet behind it
    drop_all(queue);
    const auto kernel = kernel_line();
    const auto counters = queue.counters();
    DEMAND(kernel.user_dropped > 400);
    DEMAND(counters.lost == kernel.user_dropped);
    DEMAND(counters.received + counters.lost == kernel.last_id);
    DEMAND(counters.last_id == 501);
    DEMAND((counters.overruns > 0) == report);
    DEMAND(kernel.waiting == 0);
}

}  // namespace

TEST_CASE("packets lost to a small socket buffer are counted by their gap", "[netfilter]") {
    in_namespaces([] { overrun(false); });
}

TEST_CASE("a reported overrun is counted and survived", "[netfilter]") {
    in_namespaces([] { overrun(true); });
}

TEST_CASE("a full queue drops before it numbers", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        QueueOptions options;
        options.length = 100;
        Queue queue = open_queue(options);
        const Wire wire;
        wire.send(1, 300);
        drop_all(queue);
        const auto kernel = kernel_line();
        DEMAND(kernel.queue_dropped == 200);
        DEMAND(kernel.last_id == 100);
        DEMAND(queue.counters().received == 100);
        DEMAND(queue.counters().lost == 0);
    });
}

TEST_CASE("verdicts on packets that are gone are counted as stale", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        Queue queue = open_queue();
        queue.accept(12345, accepted);
        queue.drop(12346);
        queue.idle();
        DEMAND(receive(queue, 0ms).empty());
        DEMAND(queue.counters().stale_verdicts == 2);
        DEMAND(queue.counters().netlink_errors == 0);
        const Wire wire;
        wire.send(5);
        queue.accept(receive(queue).front().id, accepted);
        queue.settle();
        DEMAND(wire.arrived() == std::set<std::uint32_t>{5});
    });
}

TEST_CASE("a queue has one owner, and is free when the owner is gone", "[netfilter]") {
    in_namespaces([] {
        {
            const Queue first = open_queue();
            const auto second = Queue::open(number);
            DEMAND(!second.has_value());
            DEMAND(second.error().text.find("queue 7: another program is bound to it") == 0);
        }
        DEMAND(Queue::open(number).has_value());
    });
}

TEST_CASE("without the capability the error names it", "[netfilter]") {
    in_namespaces([] {
        DEMAND(unshare(CLONE_NEWUSER) == 0);  // no power over the network namespace of before
        const auto queue = Queue::open(number);
        DEMAND(!queue.has_value());
        DEMAND(queue.error().text.find("CAP_NET_ADMIN") != std::string::npos);
    });
}

TEST_CASE("a buffer that the system does not grant is said", "[netfilter]") {
    in_namespaces([] {
        QueueOptions options;
        options.receive_buffer = 1 << 29;  // no SO_RCVBUFFORCE outside the first user namespace
        const Queue queue = open_queue(options);
        DEMAND(queue.warnings().size() == 1);
        DEMAND(queue.warnings().front().find("net.core.rmem_max") != std::string::npos);
    });
}

TEST_CASE("a readable wake descriptor ends the wait", "[netfilter]") {
    in_namespaces([] {
        QueueOptions options;
        options.wake_fd = eventfd(1, EFD_CLOEXEC);
        Queue queue = open_queue(options);
        const auto before = std::chrono::steady_clock::now();
        DEMAND(receive(queue, 60s).empty());
        DEMAND(std::chrono::steady_clock::now() - before < 30s);
    });
}

TEST_CASE("nothing is allocated between receive and settle", "[netfilter]") {
    in_namespaces([] {
        load_rules();
        Queue queue = open_queue();
        const Wire wire;
        wire.send(1, 200);
        const std::size_t before = allocations();
        drop_all(queue);
        DEMAND(!allocations_are_counted() || allocations() == before);
        DEMAND(queue.counters().received == 200);
    });
}
