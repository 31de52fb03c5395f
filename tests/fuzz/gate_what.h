// What a packet is for, and who may have it, asked of every row of the policy in turn: for the gate's naive twin.
#pragma once

#include <algorithm>

#include "gate/policy.h"
#include "gate/tables.h"

namespace postern::test {

template <class T>
bool is_any(const T& one, std::initializer_list<T> of) {
    return std::ranges::find(of, one) != of.end();
}

inline bool to_spa(const PacketView& packet, const Policy& policy) {
    return packet.local && packet.transport == Transport::udp &&
           std::ranges::any_of(policy.gateway.spa,
                               [&](auto& range) { return range.contains(packet.destination_port); });
}

inline bool covers(const Service& service, const PacketView& packet) {
    const bool port = std::ranges::any_of(service.ports, [&](const TransportPorts& range) {
        return range.transport == packet.transport && range.ports.first <= packet.destination_port &&
               packet.destination_port <= range.ports.last;
    });
    const bool target =
        service.forward_to.empty() || std::ranges::any_of(service.forward_to, [&](const ForwardTarget& one) {
            return one.address.family == packet.family;
        });
    const bool there = service.to.empty() ? packet.local : std::ranges::any_of(service.to, [&](const Prefix& prefix) {
        return prefix.contains(packet.destination);
    });
    return port && target && there;
}

inline PacketView first_packet(const FlowKey& key, const Flow& flow) {
    PacketView packet;
    packet.transport = key.transport;
    packet.local = flow.local;
    packet.family = key.destination.family;
    packet.destination = key.destination;
    packet.destination_port = key.destination_port;
    return packet;
}

inline bool is_expired(const Client& client, WallTime now) { return client.expires && *client.expires <= now; }

inline bool may_have(const Policy& policy, ClientId id, ServiceId service, WallTime now) {
    const Client* client = policy.client(id);
    return client && policy.service(service) && client->may_open(service) && !is_expired(*client, now);
}

}  // namespace postern::test
