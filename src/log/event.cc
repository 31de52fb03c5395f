// Renders an event: names taken from Suricata's EVE where the meaning is the same, ours in the object `postern`.
// When a line is written, and where to, is the business of others.
#include "log/event.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/timestamp.h"

namespace postern::log {
namespace {

using Json = nlohmann::ordered_json;  // the members in the order in which a person reads them

// The name of an IP protocol as EVE writes it; the number where there is no name.
std::string protocol_name(std::uint8_t protocol) {
    switch (protocol) {
        case 1: return "ICMP";
        case 2: return "IGMP";
        case 6: return "TCP";
        case 17: return "UDP";
        case 41: return "IPv6";
        case 47: return "GRE";
        case 50: return "ESP";
        case 51: return "AH";
        case 58: return "IPv6-ICMP";
        case 132: return "SCTP";
        case 136: return "UDPLite";
        default: return std::to_string(protocol);
    }
}

bool has_ports(Transport transport) noexcept {
    return transport == Transport::tcp || transport == Transport::udp || transport == Transport::sctp ||
           transport == Transport::udplite;
}

void put_transport(Json& line, const PacketNames& packet) {
    line["proto"] = protocol_name(packet.protocol);
    if (packet.transport == Transport::icmp || packet.transport == Transport::icmpv6) {
        line["icmp_type"] = packet.icmp_type;
        line["icmp_code"] = packet.icmp_code;
    }
}

void put_tuple(Json& line, const PacketNames& packet) {
    const bool ports = has_ports(packet.transport);
    line["src_ip"] = to_text(packet.source);
    if (ports) line["src_port"] = packet.source_port;
    line["dest_ip"] = to_text(packet.destination);
    if (ports) line["dest_port"] = packet.destination_port;
    put_transport(line, packet);
}

// Of a grant and of counted packets only the source is one; a grant's port is zero where it names none.
void put_source(Json& line, const PacketNames& packet) {
    line["src_ip"] = to_text(packet.source);
    if (packet.source_port != 0) line["src_port"] = packet.source_port;
}

void put_packet(Json& line, const Event& event) {
    if (!event.packet) return;
    if (event.type == EventType::grant || event.type == EventType::repeats)
        put_source(line, *event.packet);
    else
        put_tuple(line, *event.packet);
}

void put_verdict(Json& ours, const Decision& decision) {
    ours["verdict"] = word(decision.verdict);
    ours["reason"] = word(decision.reason);
    if (decision.observed) ours["observe"] = true;
}

// A client or service that left the policy meanwhile has no name any more.
void put_ids(Json& ours, const Event& event) {
    const Client* client = event.policy ? event.policy->client(event.decision.client) : nullptr;
    const Service* service = event.policy ? event.policy->service(event.decision.service) : nullptr;
    if (client != nullptr) ours["client"] = client->name;
    if (service != nullptr) ours["service"] = service->name;
    if (event.decision.grant != GrantId::none) ours["grant"] = static_cast<std::uint64_t>(event.decision.grant);
}

bool opened(const Decision& decision) { return decision.attempt != AttemptId{}; }

// What an SPA message said that was opened.
void put_message(Json& ours, const Decision& decision) {
    if (!opened(decision)) return;
    ours["format"] = "postern";
    ours["attempt"] = to_hex(decision.attempt);
    ours["skew_ms"] = std::chrono::floor<std::chrono::milliseconds>(decision.offset).count();
    ours["unbound"] = decision.unbound;
}

// How far a knock is; the schemes of its two sequences are one.
void put_stage(Json& ours, const Event& event) {
    if (event.decision.stage == 0) return;
    const Knock* knock = event.policy ? event.policy->knock(event.decision.client) : nullptr;
    if (knock != nullptr) ours["scheme"] = knock::word(knock->opening.scheme);
    ours["stage"] = event.decision.stage;
}

void put_rest(Json& ours, const Event& event) {
    if (event.queue) ours["queue"] = *event.queue;
    if (event.count != 0) ours["count"] = event.count;
    if (!event.text.empty()) ours["text"] = event.text;
}

Json ours_of(const Event& event) {
    Json ours{{"v", schema_version}};
    const bool judged = event.type == EventType::verdict || event.type == EventType::repeats;
    if (judged)
        put_verdict(ours, event.decision);
    else
        ours["what"] = word(event.what);
    put_ids(ours, event);
    if (event.type == EventType::verdict) put_message(ours, event.decision);
    if (event.type == EventType::verdict) put_stage(ours, event);
    if (event.type == EventType::grant && opened(event.decision)) ours["attempt"] = to_hex(event.decision.attempt);
    put_rest(ours, event);
    return ours;
}

}  // namespace

PacketNames names_of(const PacketView& packet) noexcept {
    return {packet.family,      packet.transport,        packet.protocol,  packet.source,   packet.destination,
            packet.source_port, packet.destination_port, packet.icmp_type, packet.icmp_code};
}

Event engine_event(What what, std::string text, WallTime time, std::uint64_t count) {
    Event event;
    event.type = EventType::engine;
    event.time = time;
    event.what = what;
    event.text = std::move(text);
    event.count = count;
    return event;
}

std::string to_json(const Event& event) {
    Json line{{"timestamp", to_text(event.time)}, {"event_type", word(event.type)}};
    put_packet(line, event);
    line["postern"] = ours_of(event);
    // ASCII only: bytes that are no UTF-8 become U+FFFD, and no terminal obeys a log line.
    return line.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace postern::log
