#include "log/ends.h"

namespace postern::log {
namespace {

Event end_event(EventType type, What what, const std::shared_ptr<const Policy>& policy, WallTime now) {
    Event event;
    event.type = type;
    event.time = now;
    event.what = what;
    event.policy = policy;
    return event;
}

}  // namespace

What what_ended(const Flow& flow) noexcept {
    switch (flow.ending) {
        case Ending::revoked: return What::revoked;
        case Ending::session_max: return What::session_max;
        case Ending::client_expired: return What::client_expired;
        case Ending::withdrawn: return What::withdrawn;
        case Ending::close_knock: return What::close_knock;
        case Ending::none: break;
    }
    return What::closed;
}

Event grant_event(What what, const Grant& grant, const std::shared_ptr<const Policy>& policy, WallTime now) {
    Event event = end_event(EventType::grant, what, policy, now);
    event.decision.client = grant.client;
    event.decision.service = grant.service;
    event.decision.grant = grant.id;
    event.packet = PacketNames{};
    event.packet->family = grant.source.family;
    event.packet->source = grant.source;
    return event;
}

Event flow_event(const NamedFlow& named, const std::shared_ptr<const Policy>& policy, WallTime now) {
    const auto& [key, flow] = named;
    Event event = end_event(EventType::flow, what_ended(flow), policy, now);
    event.decision.client = flow.client;
    event.decision.service = flow.service;
    event.decision.grant = flow.grant;
    event.count = flow.accepts;
    event.packet = PacketNames{key.source.family, key.transport,   key.protocol(),      key.source,
                               key.destination,   key.source_port, key.destination_port};
    return event;
}

}  // namespace postern::log
