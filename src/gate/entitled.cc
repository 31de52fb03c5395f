#include "gate/entitled.h"

namespace postern {
namespace {

bool expired(const Client& client, WallTime now) noexcept { return client.expires && *client.expires <= now; }

// The flow's first packet, as far as services ask about it.
PacketView first_packet(const NamedFlow& named) noexcept {
    PacketView packet;
    packet.malformed = false;
    packet.local = named.flow.local;
    packet.family = named.key.source.family;
    packet.transport = named.key.transport;
    packet.source = named.key.source;
    packet.destination = named.key.destination;
    packet.source_port = named.key.source_port;
    packet.destination_port = named.key.destination_port;
    return packet;
}

}  // namespace

bool entitled(const Policy& policy, ClientId id, ServiceId service, WallTime now) noexcept {
    const Client* client = policy.client(id);
    return client && policy.service(service) && client->may_open(service) && !expired(*client, now);
}

Ending ending_of(const NamedFlow& named, Instant now, const Policy& policy) noexcept {
    const Flow& flow = named.flow;
    const Client* client = policy.client(flow.client);
    const Service* service = policy.service(flow.service);
    if (!client || !service || !client->may_open(flow.service) || !service->covers(first_packet(named)))
        return Ending::withdrawn;
    if (expired(*client, now.wall)) return Ending::client_expired;
    const auto& longest = policy.grants.session_max;
    return longest && now.steady - flow.opened >= *longest ? Ending::session_max : Ending::none;
}

}  // namespace postern
