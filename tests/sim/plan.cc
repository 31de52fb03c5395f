#include "plan.h"

#include <algorithm>

#include "knock/sequence.h"
#include "noise/mac.h"

namespace postern::sim {
namespace {

knock::Sequence sequence(const std::vector<std::string>& steps, const PlannedKnock& planned) {
    knock::Sequence made;
    for (const std::string& step : steps) made.steps.push_back(knock::parse_step(step).value());
    made.deadline = planned.deadline;
    made.tolerated = planned.tolerated;
    return made;
}

Knock knock(const PlannedKnock& planned, Names& names) {
    Knock made;
    made.opening = sequence(planned.opening, planned);
    if (!planned.closing.empty()) made.closing = sequence(planned.closing, planned);
    made.identity.id =
        planned.opening.empty() ? names.listed_knock(planned.name) : names.knock(planned.name, made.opening.steps);
    made.identity.name = planned.name;
    made.identity.services = {names.service(planned.service)};
    return made;
}

// As config/lines.h makes it of a file.
Knock listed(const PlannedList& planned, Names& names) {
    auto list = std::make_shared<knock::OneTimeList>();
    list->look_ahead = planned.look_ahead;
    std::string content;
    for (const auto& line : planned.lines) {
        const auto steps = sequence(line, planned.knock).steps;
        const std::string text = knock::to_text(steps);
        list->lines.push_back({steps, noise::sha256({as_bytes(text)})});
        content += text + "\n";
    }
    list->id = names.list(noise::sha256({as_bytes(content)}));
    Knock made = knock(planned.knock, names);
    made.list = std::move(list);
    return made;
}

Client client(const PlannedClient& planned, Names& names) {
    Client made;
    made.id = names.client(planned.person.keys.public_key);
    made.name = planned.person.name;
    made.public_key = planned.person.keys.public_key;
    made.psk = planned.person.psk;
    made.static_static = {planned.person.static_static};
    for (const std::string& service : planned.services) made.services.push_back(names.service(service));
    made.source_claim = planned.source_claim;
    made.expires = planned.expires;
    return made;
}

template <class Rows, class Matches>
auto find(const Rows& rows, Matches matches) {
    const auto found = std::ranges::find_if(rows, matches);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace

Plan bare_plan() {
    Plan plan;
    plan.services = {{"ssh", {Transport::tcp, {22, 22}}, {}},
                     {"web", {Transport::tcp, {8443, 8444}}, {}},
                     {"vpn", {Transport::udp, {51820, 51820}}, {}},
                     {"mail", {Transport::tcp, {25, 25}}, {Prefix{routed_host().masked(25), 25}}}};
    return plan;
}

void mend(Plan& plan) {
    const auto missing = [&](const std::string& name) {
        return std::ranges::none_of(plan.services, [&](const PlannedService& service) { return service.name == name; });
    };
    for (PlannedClient& client : plan.clients) std::erase_if(client.services, missing);
    std::erase_if(plan.clients, [](const PlannedClient& client) { return client.services.empty(); });
    std::erase_if(plan.knocks, [&](const PlannedKnock& knock) { return missing(knock.service); });
    std::erase_if(plan.lists, [&](const PlannedList& list) { return missing(list.knock.service); });
}

std::shared_ptr<const Policy> compile(const Plan& plan, const People& people, Names& names, std::uint64_t generation) {
    Policy policy;
    policy.generation = generation;
    policy.gateway.name = People::gateway_name;
    policy.gateway.spa = {{spa_port, spa_port}};
    policy.gateway.keys = people.gateway();
    policy.gateway.skew = plan.skew;
    policy.grants = plan.grants;
    for (const PlannedService& planned : plan.services) {
        Service made;
        made.id = names.service(planned.name);
        made.name = planned.name;
        made.ports = {planned.ports};
        made.to = planned.to;
        policy.services.push_back(std::move(made));
    }
    for (const PlannedClient& planned : plan.clients) policy.clients.push_back(client(planned, names));
    for (const PlannedKnock& planned : plan.knocks) policy.knocks.push_back(knock(planned, names));
    for (const PlannedList& planned : plan.lists) policy.knocks.push_back(listed(planned, names));
    policy.index();
    return std::make_shared<const Policy>(std::move(policy));
}

const Client* client_of(const Policy& policy, const std::string& name) {
    return find(policy.clients, [&](const Client& client) { return client.name == name; });
}

const Knock* knock_of(const Policy& policy, const std::string& name) {
    return find(policy.knocks, [&](const Knock& knock) { return knock.identity.name == name; });
}

const Service* service_of(const Policy& policy, const std::string& name) {
    return find(policy.services, [&](const Service& service) { return service.name == name; });
}

std::string name_of(const Policy& policy, ClientId id) {
    if (const Client* found = find(policy.clients, [&](const Client& client) { return client.id == id; }))
        return found->name;
    const Knock* knock = find(policy.knocks, [&](const Knock& one) { return one.identity.id == id; });
    return knock ? knock->identity.name : std::string{};
}

std::string name_of(const Policy& policy, ServiceId id) {
    const Service* found = find(policy.services, [&](const Service& service) { return service.id == id; });
    return found ? found->name : std::string{};
}

bool allows(const Policy& policy, const std::string& name, const std::string& service, WallTime now) {
    const Knock* knock = knock_of(policy, name);
    const Client* client = knock ? &knock->identity : client_of(policy, name);
    const Service* wanted = service_of(policy, service);
    if (!client || !wanted || (client->expires && now >= *client->expires)) return false;
    return std::ranges::count(client->services, wanted->id) > 0;
}

}  // namespace postern::sim
