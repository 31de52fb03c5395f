// Netlink messages as the kernel might write them: of the queue, of connection tracking and of sockets. Whatever the
// attributes say, nothing outside of the message is read, and what is taken is whole.
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/demand.h"
#include "netfilter/conntrack_message.h"
#include "netfilter/queue_message.h"
#include "netfilter/socket_message.h"

using namespace postern;
using namespace postern::netfilter;
using postern::test::Choices;
using postern::test::demand;

namespace {

constexpr std::uint16_t queue = 7;

// Aligned, and of exactly its size. Mostly with the length that it has, as everything does that the kernel sends.
class Message {
public:
    explicit Message(Choices& choices) : words_(0) {
        const bool right = choices.below(8) != 7;
        const Bytes bytes = choices.rest();
        size_ = bytes.size() / 4 * 4;
        words_.resize(size_ / 4);
        if (size_ > 0) std::memcpy(words_.data(), bytes.data(), size_);
        if (right && size_ >= sizeof(nlmsghdr)) words_[0] = static_cast<std::uint32_t>(size_);
    }

    [[nodiscard]] Bytes bytes() const noexcept { return {reinterpret_cast<const std::uint8_t*>(words_.data()), size_}; }

    // As the library's own loop hands messages on; null where it would not. It takes lengths that are negative as an
    // int, too, which the kernel does not send.
    [[nodiscard]] const nlmsghdr* header() const noexcept {
        const auto* header = reinterpret_cast<const nlmsghdr*>(words_.data());
        return mnl_nlmsg_ok(header, static_cast<int>(size_)) && header->nlmsg_len <= size_ ? header : nullptr;
    }

private:
    std::size_t size_ = 0;
    std::vector<std::uint32_t> words_;
};

void judge_queue(const Message& message) {
    const auto read = parse_queue_message(message.bytes(), queue);
    const auto* packet = std::get_if<QueuedPacket>(&read);
    if (packet == nullptr) return;
    const Bytes whole = message.bytes();
    demand(packet->payload.size() <= packet->full_length, "a packet is no longer than it is");
    demand(packet->payload.empty() || (packet->payload.data() >= whole.data() &&
                                       packet->payload.data() + packet->payload.size() <= whole.data() + whole.size()),
           "the payload lies inside of the message");
}

void judge_connection(const nlmsghdr& message) {
    const auto tracked = parse_connection(message);
    if (!tracked) return;
    const Connection& connection = tracked->connection;
    demand(connection.protocol == IPPROTO_TCP || connection.protocol == IPPROTO_UDP, "a connection is TCP or UDP");
    if (connection.source.family != connection.destination.family) return;  // the kernel has no such

    // What was read is what we would ask about.
    ConntrackRequest request{0, 0, AF_UNSPEC};
    request.original(connection).reply(connection).mark({tracked->mark, 0xffffffff});
    const auto again = parse_connection(request.message());
    demand(again && again->connection == connection && again->mark == tracked->mark, "it is written as it is read");
}

void judge_socket(const nlmsghdr& message) {
    const auto row = parse_socket(message);
    if (row) demand(row->local.family == Family::v4 || row->local.family == Family::v6, "an address has a family");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices{{data, size}};
    const std::size_t kind = choices.below(3);
    const Message message{choices};
    if (kind == 0) judge_queue(message);
    if (kind == 1 && message.header()) judge_connection(*message.header());
    if (kind == 2 && message.header()) judge_socket(*message.header());
    return 0;
}
