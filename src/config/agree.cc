#include "config/agree.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/nearest.h"

namespace postern::config {
namespace {

std::string client_path(const ClientDraft& draft, std::string_view key) {
    return fmt::format("clients.{}.{}", draft.client.name, key);
}

std::vector<std::string_view> service_names(const Draft& draft) {
    std::vector<std::string_view> names;
    for (const ServiceDraft& service : draft.services) names.push_back(service.service.name);
    return names;
}

std::string no_service(const std::string& name, const std::vector<std::string_view>& offered) {
    const auto meant = nearest(name, offered);
    const std::string hint = meant ? fmt::format("; did you mean {}?", *meant) : "";
    return fmt::format("got {}, expected a name from services{}", in_quotes(name), hint);
}

}  // namespace

std::string no_service(const Draft& draft, const std::string& name) { return no_service(name, service_names(draft)); }

namespace {

void check_services(const Draft& draft, Mistakes& mistakes) {
    const auto offered = service_names(draft);
    const std::set<std::string_view> known{offered.begin(), offered.end()};
    for (const ClientDraft& client : draft.clients)
        for (const auto& [name, place] : client.services)
            if (!known.contains(name)) mistakes.add(place, client_path(client, "services"), no_service(name, offered));
}

void check_key(const ClientDraft& client, Mistakes& mistakes) {
    const auto& [key, place] = *client.public_key;
    if (noise::is_canonical(key) && noise::is_contributory(key)) return;
    mistakes.add(place, client_path(client, "spa.public_key"),
                 fmt::format("got {}, a key without a secret behind it, expected one from postern keygen",
                             in_quotes(noise::to_base64(key))));
}

void check_keys(const Draft& draft, Mistakes& mistakes) {
    std::map<noise::PublicKey, const ClientDraft*> owners;
    for (const ClientDraft& client : draft.clients) {
        if (!client.public_key) continue;
        check_key(client, mistakes);
        const auto [owner, first] = owners.emplace(client.public_key->value, &client);
        if (!first)
            mistakes.add(client.public_key->place, client_path(client, "spa.public_key"),
                         fmt::format("got the key of {}, expected one key per client", owner->second->client.name));
    }
}

// The SPA range that takes a UDP port of this one away; null where there is none.
const PortRange* clash(const Gateway& gateway, const TransportPorts& ports) {
    if (ports.transport != Transport::udp) return nullptr;
    const auto overlaps = [&](const PortRange& spa) {
        return spa.first <= ports.ports.last && ports.ports.first <= spa.last;
    };
    const auto found = std::find_if(gateway.spa.begin(), gateway.spa.end(), overlaps);
    return found == gateway.spa.end() ? nullptr : &*found;
}

std::string shown(const PortRange& range) {
    if (range.first == range.last) return fmt::format("udp/{}", range.first);
    return fmt::format("udp/{}-{}", range.first, range.last);
}

void check_spa_ports(const Draft& draft, Mistakes& mistakes) {
    for (const ServiceDraft& service : draft.services)
        for (const auto& [ports, place] : service.ports)
            if (const PortRange* spa = clash(draft.gateway, ports))
                mistakes.add(
                    place, fmt::format("services.{}.ports", service.service.name),
                    fmt::format("got {}, expected no port of gateway.spa ({})", shown(ports.ports), shown(*spa)));
}

void check_targets(const Draft& draft, Mistakes& mistakes) {
    for (const ServiceDraft& service : draft.services)
        for (std::size_t i = 1; i < service.forward_to.size(); ++i)
            if (service.forward_to[i].value.address.family == service.forward_to[0].value.address.family)
                mistakes.add(service.forward_to[i].place, fmt::format("services.{}.forward_to", service.service.name),
                             "got two targets of one family, expected one for IPv4 and one for IPv6");
}

bool overlap(const OpenMatch& open, Transport transport, const PortRange& ports) {
    const bool same = open.protocol == (transport == Transport::tcp ? 6 : 17);
    return same && open.ports && open.ports->first <= ports.last && ports.first <= open.ports->last;
}

bool opens(const OpenDraft& entry, Transport transport, const PortRange& ports) {
    const auto& matches = entry.open.matches;
    return std::any_of(matches.begin(), matches.end(),
                       [&](const OpenMatch& match) { return overlap(match, transport, ports); });
}

bool opens(const OpenDraft& entry, const knock::Step& step) {
    if (step.transport != Transport::icmp) return opens(entry, step.transport, {step.port, step.port});
    const auto& matches = entry.open.matches;
    return std::any_of(matches.begin(), matches.end(), [](const OpenMatch& match) {
        return (match.protocol == 1 && match.type.value_or(8) == 8) ||
               (match.protocol == 58 && match.type.value_or(128) == 128);
    });
}

void check_open_knocks(const Draft& draft, const OpenDraft& entry, Mistakes& mistakes) {
    for (const KnockDraft& knock : draft.knocks)
        for (const auto* steps : {&knock.steps, &knock.closes_with})
            for (const auto& [step, place] : *steps)
                if (opens(entry, step))
                    mistakes.add(entry.place, "gateway.open",
                                 fmt::format("got {}, which is a step of knocks.{}, expected one of the two",
                                             entry.text, knock.name));
    const auto is_open = [&](const LineDraft& line) {
        return std::ranges::any_of(line.steps, [&](const knock::Step& step) { return opens(entry, step); });
    };
    for (const KnockDraft& knock : draft.knocks)
        if (const LineDraft* line = knock.first_line(is_open))
            mistakes.add(entry.place, "gateway.open",
                         fmt::format("got {}, which is a step in line {} of knocks.{}, expected one of the two",
                                     entry.text, line->number, knock.name));
}

// What `open` lets by is never judged: a service that everybody may reach needs no grant, and an SPA message that goes
// by opens nothing.
void check_open(const Draft& draft, Mistakes& mistakes) {
    for (const OpenDraft& entry : draft.open) {
        for (const PortRange& spa : draft.gateway.spa)
            if (entry.open.to.empty() && opens(entry, Transport::udp, spa))
                mistakes.add(entry.place, "gateway.open",
                             fmt::format("got {}, expected no port of gateway.spa ({})", entry.text, shown(spa)));
        if (!entry.open.from.empty() || !entry.open.to.empty()) continue;
        check_open_knocks(draft, entry, mistakes);
        for (const ServiceDraft& service : draft.services)
            for (const auto& [ports, place] : service.ports)
                if (service.service.to.empty() && opens(entry, ports.transport, ports.ports))
                    mistakes.add(entry.place, "gateway.open",
                                 fmt::format("got {}, which services.{} guards, expected one of the two", entry.text,
                                             service.service.name));
    }
}

}  // namespace

void check_agreement(const Draft& draft, Mistakes& mistakes) {
    check_services(draft, mistakes);
    check_keys(draft, mistakes);
    check_spa_ports(draft, mistakes);
    check_targets(draft, mistakes);
    check_open(draft, mistakes);
}

}  // namespace postern::config
