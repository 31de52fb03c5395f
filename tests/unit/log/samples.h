// Events of every kind, for tests of the lines they become.
#pragma once

#include <vector>

#include "base/verdict.h"
#include "log/event.h"

namespace postern::test {

inline constexpr ClientId alice{7};
inline constexpr ClientId office{9};  // a knock
inline constexpr ServiceId ssh{3};

// `name` is alice's: a policy may hold any text there as far as the log is concerned.
inline std::shared_ptr<const Policy> sample_policy(std::string name = "alice") {
    auto policy = std::make_shared<Policy>();
    policy->clients.emplace_back();
    policy->clients.back().id = alice;
    policy->clients.back().name = std::move(name);
    policy->services.emplace_back();
    policy->services.back().id = ssh;
    policy->services.back().name = "ssh";
    policy->knocks.emplace_back();
    policy->knocks.back().identity.id = office;
    policy->knocks.back().identity.name = "office";
    policy->knocks.back().opening.steps = {{Transport::tcp, 7000}, {Transport::tcp, 9000}};
    policy->index();
    return policy;
}

inline PacketView sample_packet(Transport transport, std::uint8_t protocol) {
    PacketView packet;
    packet.malformed = false;
    packet.source = *parse_address("198.51.100.7");
    packet.destination = *parse_address("192.0.2.1");
    packet.transport = transport;
    packet.protocol = protocol;
    packet.source_port = 40000;
    packet.destination_port = 22;
    packet.icmp_type = 8;
    packet.icmp_code = 1;
    return packet;
}

inline log::Event sample_event(log::EventType type) {
    log::Event event;
    event.type = type;
    event.time = wall_time(1795251600);  // 2026-11-21T09:00:00Z
    event.packet = log::names_of(sample_packet(Transport::tcp, 6));
    event.decision.client = alice;
    event.decision.service = ssh;
    event.decision.grant = GrantId{42};
    event.policy = sample_policy();
    return event;
}

inline std::vector<log::Event> samples_of_verdicts() {
    std::vector<log::Event> events;
    for (std::size_t i = 0; i < reason_count; ++i) {
        auto& event = events.emplace_back(sample_event(log::EventType::verdict));
        event.queue = 1;
        event.decision.reason = static_cast<Reason>(i);
        if (i % 2 == 0) event.decision.attempt.fill(0xa5);
        if (i % 3 == 0) event.policy = nullptr;
        auto& knock = events.emplace_back(sample_event(log::EventType::verdict));
        knock.queue = 1;
        knock.decision = {.reason = static_cast<Reason>(i), .client = office, .stage = 2};
    }
    for (int protocol = 0; protocol < 256; ++protocol)
        for (int transport = 0; transport <= static_cast<int>(Transport::other); ++transport) {
            auto& event = events.emplace_back(sample_event(log::EventType::verdict));
            event.queue = 0;
            event.packet =
                log::names_of(sample_packet(static_cast<Transport>(transport), static_cast<std::uint8_t>(protocol)));
        }
    return events;
}

inline std::vector<log::Event> samples_of_repeats() {
    std::vector<log::Event> events(2, sample_event(log::EventType::repeats));
    for (auto& event : events) {
        event.packet.emplace().source = *parse_address("2001:db8::7");
        event.decision = {.reason = Reason::no_grant, .client = alice};
        event.queue = 65535;
        event.count = 12345;
    }
    events.back().packet.reset();  // what did not fit into the table
    return events;
}

inline std::vector<log::Event> samples_of_occurrences() {
    std::vector<log::Event> events;
    for (std::size_t i = 0; i < log::occurrences.size(); ++i) {
        const auto what = static_cast<log::What>(i);
        events.push_back(sample_event(log::EventType::grant));
        events.back().decision.attempt.fill(1);
        events.push_back(sample_event(log::EventType::flow));
        events.back().count = 3;
        events.push_back(log::engine_event(what, "a sentence", wall_time(0), i));
        for (auto event = events.end() - 3; event != events.end(); ++event) event->what = what;
    }
    return events;
}

inline std::vector<log::Event> samples() {
    std::vector<log::Event> events = samples_of_verdicts();
    for (auto& event : samples_of_repeats()) events.push_back(event);
    for (auto& event : samples_of_occurrences()) events.push_back(event);
    return events;
}

}  // namespace postern::test
