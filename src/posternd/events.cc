#include "posternd/events.h"

namespace postern {
namespace {

constexpr std::uint8_t protocol_of(Transport transport) { return transport == Transport::tcp ? 6 : 17; }

log::Event ended(log::EventType type, log::What what, const PolicyPointer& policy, WallTime now) {
    log::Event event;
    event.type = type;
    event.time = now;
    event.what = what;
    event.policy = policy;
    return event;
}

}  // namespace

log::Event grant_event(log::What what, const Grant& grant, const PolicyPointer& policy, WallTime now) {
    log::Event event = ended(log::EventType::grant, what, policy, now);
    event.decision.client = grant.client;
    event.decision.service = grant.service;
    event.decision.grant = grant.id;
    event.packet = log::PacketNames{};
    event.packet->family = grant.source.family;
    event.packet->source = grant.source;
    return event;
}

log::Event flow_event(log::What what, const NamedFlow& named, const PolicyPointer& policy, WallTime now) {
    log::Event event = ended(log::EventType::flow, what, policy, now);
    const auto& [key, flow] = named;
    event.decision.client = flow.client;
    event.decision.service = flow.service;
    event.decision.grant = flow.grant;
    event.count = flow.accepts;
    event.packet = log::PacketNames{key.source.family, key.transport,   protocol_of(key.transport), key.source,
                                    key.destination,   key.source_port, key.destination_port};
    return event;
}

netfilter::Connection connection_of(const FlowKey& key) {
    return {protocol_of(key.transport), key.source, key.destination, key.source_port, key.destination_port};
}

}  // namespace postern
