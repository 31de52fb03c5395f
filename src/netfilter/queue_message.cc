#include "netfilter/queue_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/types.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace postern::netfilter {
namespace {

// An attribute's content as a fixed struct; nothing where it is too short.
template <class T>
std::optional<T> content(const nlattr* attribute) noexcept {
    T value;
    if (mnl_attr_get_payload_len(attribute) < sizeof value) return std::nullopt;
    std::memcpy(&value, mnl_attr_get_payload(attribute), sizeof value);
    return value;
}

struct Collected {
    QueuedPacket packet;
    bool numbered = false;  // the packet header was there: without an id there can be no verdict
};

bool take_header(const nlattr* attribute, Collected& collected) noexcept {
    const auto header = content<nfqnl_msg_packet_hdr>(attribute);
    if (!header) return false;
    collected.packet.id = ntohl(header->packet_id);
    return collected.numbered = true;
}

bool take_number(const nlattr* attribute, std::uint32_t& into) noexcept {
    const auto value = content<std::uint32_t>(attribute);
    if (value) into = ntohl(*value);
    return value.has_value();
}

// False where an attribute contradicts its type.
bool take(const nlattr* attribute, Collected& collected) noexcept {
    QueuedPacket& packet = collected.packet;
    switch (mnl_attr_get_type(attribute)) {
        case NFQA_PACKET_HDR: return take_header(attribute, collected);
        case NFQA_MARK: return take_number(attribute, packet.mark);
        case NFQA_CAP_LEN: return take_number(attribute, packet.full_length);
        case NFQA_PAYLOAD:
            packet.payload = {static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)),
                              mnl_attr_get_payload_len(attribute)};
            return true;
        default: return true;
    }
}

int take_one(const nlattr* attribute, void* collected) {
    return take(attribute, *static_cast<Collected*>(collected)) ? MNL_CB_OK : MNL_CB_ERROR;
}

QueueMessage error_message(const nlmsghdr* message) noexcept {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr::error)) return Unreadable{};
    int negative = 0;
    std::memcpy(&negative, mnl_nlmsg_get_payload(message), sizeof negative);
    return KernelError{-negative};
}

QueueMessage packet_message(const nlmsghdr* message, std::uint16_t queue) noexcept {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return Unreadable{};
    const auto* general = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
    if (ntohs(general->res_id) != queue) return Unreadable{};

    Collected found;
    if (mnl_attr_parse(message, sizeof(nfgenmsg), take_one, &found) != MNL_CB_OK || !found.numbered)
        return Unreadable{};
    QueuedPacket& packet = found.packet;
    packet.full_length = std::max(packet.full_length, static_cast<std::uint32_t>(packet.payload.size()));
    return packet;
}

}  // namespace

QueueMessage parse_queue_message(Bytes bytes, std::uint16_t queue) noexcept {
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data());
    // The library takes a length that is negative as an int.
    if (!mnl_nlmsg_ok(message, static_cast<int>(bytes.size())) || message->nlmsg_len > bytes.size())
        return Unreadable{};
    if (message->nlmsg_type == NLMSG_ERROR) return error_message(message);
    if (message->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)) return packet_message(message, queue);
    return Unreadable{};
}

}  // namespace postern::netfilter
