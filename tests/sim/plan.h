// What the operator wants, in names: outlives the processes of the gate, each of which compiles it anew.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gate/policy.h"
#include "people.h"

namespace postern::sim {

struct PlannedService {
    std::string name;
    TransportPorts ports;
    std::vector<Prefix> to;
};

struct PlannedClient {
    Person person;
    std::vector<std::string> services;
    std::optional<WallTime> expires;
    SourceClaim source_claim = SourceClaim::automatic;
};

struct PlannedKnock {
    std::string name;
    std::vector<std::string> opening, closing;  // no closing: none
    std::string service;
    Duration deadline = std::chrono::seconds{10};
    std::uint8_t tolerated = 3;
};

// A knock with a one-time list.
struct PlannedList {
    PlannedKnock knock;  // without an opening
    std::vector<std::vector<std::string>> lines;
    std::uint8_t look_ahead = 5;
};

struct Plan {
    std::vector<PlannedService> services;
    std::vector<PlannedClient> clients;
    std::vector<PlannedKnock> knocks;
    std::vector<PlannedList> lists;
    GrantLimits grants;
    Duration skew = std::chrono::seconds{30};
};

// What every world begins with: ssh, web on two ports, vpn over UDP, mail on a host behind the gate; nobody may use it.
[[nodiscard]] Plan bare_plan();

// Takes out what cannot be without a service that is not there.
void mend(Plan& plan);

[[nodiscard]] std::shared_ptr<const Policy> compile(const Plan& plan, const People& people, Names& names,
                                                    std::uint64_t generation);

// Of a policy, by naive search: what checkers ask instead of the gate's own look-ups. Null where there is none.
[[nodiscard]] const Client* client_of(const Policy& policy, const std::string& name);
[[nodiscard]] const Knock* knock_of(const Policy& policy, const std::string& name);
[[nodiscard]] const Service* service_of(const Policy& policy, const std::string& name);
[[nodiscard]] std::string name_of(const Policy& policy, ClientId id);  // empty: nobody's
[[nodiscard]] std::string name_of(const Policy& policy, ServiceId id);

// Whether this policy lets this client, or knock, have new flows of this service at this time.
[[nodiscard]] bool allows(const Policy& policy, const std::string& client, const std::string& service, WallTime now);

}  // namespace postern::sim
