#include "netfilter/queue_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <vector>

#include "catch.h"

using namespace postern;
using namespace postern::netfilter;

namespace {

constexpr std::uint16_t queue = 7;
constexpr std::array<std::uint8_t, 5> payload{0x45, 1, 2, 3, 4};

// A message as the kernel writes it, in memory of exactly its size.
class Message {
public:
    Message() : header_{nfq_nlmsg_put(buffer_.data(), NFQNL_MSG_PACKET, queue)} {}

    Message& id(std::uint32_t value) {
        nfqnl_msg_packet_hdr packet{};
        packet.packet_id = htonl(value);
        mnl_attr_put(header_, NFQA_PACKET_HDR, sizeof packet, &packet);
        return *this;
    }
    Message& number(std::uint16_t type, std::uint32_t value) {
        mnl_attr_put_u32(header_, type, htonl(value));
        return *this;
    }
    Message& raw(std::uint16_t type, Bytes bytes) {
        mnl_attr_put(header_, type, bytes.size(), bytes.data());
        return *this;
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes() const {
        const auto* first = reinterpret_cast<const std::uint8_t*>(buffer_.data());
        return {first, first + header_->nlmsg_len};
    }

private:
    alignas(8) std::array<char, 512> buffer_{};
    nlmsghdr* header_;
};

Message whole() {
    return Message{}
        .id(41)
        .number(NFQA_MARK, 0x01000007)
        .number(NFQA_IFINDEX_INDEV, 3)
        .number(NFQA_CAP_LEN, 1500)
        .number(NFQA_SKB_INFO, NFQA_SKB_CSUMNOTREADY | NFQA_SKB_GSO)
        .raw(NFQA_PAYLOAD, payload);
}

bool unreadable(const std::vector<std::uint8_t>& bytes) {
    return std::holds_alternative<Unreadable>(parse_queue_message(bytes, queue));
}

std::vector<std::uint8_t> error_message(int number) {
    std::vector<std::uint8_t> bytes(sizeof(nlmsghdr) + sizeof(nlmsgerr));
    auto* header = mnl_nlmsg_put_header(bytes.data());
    header->nlmsg_type = NLMSG_ERROR;
    auto* error = static_cast<nlmsgerr*>(mnl_nlmsg_put_extra_header(header, sizeof(nlmsgerr)));
    error->error = -number;
    return bytes;
}

}  // namespace

TEST_CASE("a packet's message yields the attributes we use", "[netfilter]") {
    const auto bytes = whole().bytes();
    const auto message = parse_queue_message(bytes, queue);
    const auto& packet = std::get<QueuedPacket>(message);
    CHECK(packet.id == 41);
    CHECK(packet.mark == 0x01000007);
    CHECK(packet.full_length == 1500);
    CHECK(packet.cut());
    CHECK(std::equal(packet.payload.begin(), packet.payload.end(), payload.begin(), payload.end()));
}

TEST_CASE("a whole packet brings no length of its own", "[netfilter]") {
    const auto bytes = Message{}.id(1).raw(NFQA_PAYLOAD, payload).bytes();
    const auto message = parse_queue_message(bytes, queue);
    const auto& packet = std::get<QueuedPacket>(message);
    CHECK(packet.full_length == payload.size());
    CHECK_FALSE(packet.cut());
    CHECK(packet.mark == 0);
}

TEST_CASE("errors from the kernel keep their number", "[netfilter]") {
    CHECK(std::get<KernelError>(parse_queue_message(error_message(ENOENT), queue)).number == ENOENT);
    CHECK(std::get<KernelError>(parse_queue_message(error_message(0), queue)).number == 0);
}

TEST_CASE("messages that lie are unreadable", "[netfilter]") {
    const std::array<std::uint8_t, 2> two{};
    CHECK_FALSE(unreadable(whole().bytes()));
    CHECK(unreadable(Message{}.raw(NFQA_PAYLOAD, payload).bytes()));                             // no id
    CHECK(unreadable(Message{}.id(1).raw(NFQA_MARK, two).bytes()));                              // a short number
    CHECK(unreadable(Message{}.raw(NFQA_PACKET_HDR, two).bytes()));                              // a short header
    CHECK(std::holds_alternative<Unreadable>(parse_queue_message(whole().bytes(), queue + 1)));  // another queue's
    CHECK(unreadable({}));
}

TEST_CASE("a message cut anywhere is unreadable", "[netfilter]") {
    const auto bytes = whole().bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK(unreadable(std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
}

TEST_CASE("a mutated message never yields bytes from outside of it", "[netfilter]") {
    std::mt19937 random{20240607};
    const auto original = whole().bytes();
    std::size_t packets = 0;
    for (int round = 0; round < 20000; ++round) {
        auto bytes = original;
        for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
        const auto message = parse_queue_message(bytes, queue);
        const auto* packet = std::get_if<QueuedPacket>(&message);
        if (packet == nullptr || packet->payload.empty()) continue;
        ++packets;
        REQUIRE(packet->payload.data() >= bytes.data());
        REQUIRE(packet->payload.data() + packet->payload.size() <= bytes.data() + bytes.size());
    }
    CHECK(packets > 100);
}
