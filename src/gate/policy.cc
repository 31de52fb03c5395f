#include "gate/policy.h"

#include <algorithm>
#include <set>

namespace postern {
namespace {

std::string key_text(const noise::PublicKey& key) { return {key.begin(), key.end()}; }

// Longer than any client's key, so equal to none.
std::string knock_text(const std::string& name) {
    std::string text(noise::key_size, '\0');
    return text.append(1, ' ').append(name);
}

std::string knock_text(const std::string& name, const std::vector<knock::Step>& opening) {
    std::string text = knock_text(name);
    for (const knock::Step& step : opening) text.append(1, ' ').append(knock::to_text(step));
    return text;
}

// No step is written so.
std::string listed_knock_text(const std::string& name) { return knock_text(name) + " one_time_list"; }

// A sequence for each line of the list.
void add_lines(const Knock& knock, std::vector<knock::Sequence>& sequences) {
    for (const knock::Line& line : knock.list->lines) {
        const auto number = static_cast<std::uint16_t>(&line - knock.list->lines.data());
        sequences.push_back(knock.opening);
        sequences.back().steps = line.steps;
        sequences.back().id = {knock.identity.id, knock::Part::opening, knock.list->id, number};
    }
}

template <class Map, class Key, class Rows>
auto look_up(const Map& map, const Key& key, const Rows& rows) noexcept -> decltype(rows.data()) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &rows[found->second];
}

template <class Id>
Id give(std::unordered_map<std::string, Id>& given, const std::string& name) {
    if (const auto found = given.find(name); found != given.end()) return found->second;
    if (given.size() >= static_cast<std::size_t>(Id::none)) return Id::none;
    return given.emplace(name, static_cast<Id>(given.size())).first->second;
}

}  // namespace

const ForwardTarget* Service::target(Family family) const noexcept {
    const auto found = std::find_if(forward_to.begin(), forward_to.end(),
                                    [&](const ForwardTarget& one) { return one.address.family == family; });
    return found == forward_to.end() ? nullptr : &*found;
}

bool Service::covers(const PacketView& packet) const noexcept {
    if (!forward_to.empty() && !target(packet.family)) return false;
    const bool port = std::any_of(ports.begin(), ports.end(), [&](const TransportPorts& range) {
        return range.contains(packet.transport, packet.destination_port);
    });
    if (!port || to.empty()) return port && packet.local;
    return std::any_of(to.begin(), to.end(), [&](const Prefix& prefix) { return prefix.contains(packet.destination); });
}

void Policy::PortSets::add(const TransportPorts& ports) {
    Ports& set = ports.transport == Transport::tcp ? tcp : udp;
    for (unsigned port = ports.ports.first; port <= ports.ports.last; ++port) set.set(port);
}

bool Policy::PortSets::contain(const PacketView& packet) const noexcept {
    if (packet.transport == Transport::tcp) return tcp[packet.destination_port];
    return packet.transport == Transport::udp && udp[packet.destination_port];
}

bool Client::may_open(ServiceId service) const noexcept {
    return std::find(services.begin(), services.end(), service) != services.end();
}

void Policy::index() {
    for (const PortRange& range : gateway.spa)
        for (unsigned port = range.first; port <= range.last; ++port) spa_ports_.set(port);
    for (std::size_t i = 0; i < services.size(); ++i) {
        const bool narrow = !services[i].to.empty() || services[i].forward_to.size() == 1;
        for (const TransportPorts& ports : services[i].ports) (narrow ? chosen_ : own_).add(ports);
        if (narrow) narrow_.push_back(i);
        service_by_id_[static_cast<std::uint16_t>(services[i].id)] = i;
        service_by_name_[services[i].name] = i;
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        client_by_id_[static_cast<std::uint16_t>(clients[i].id)] = i;
        client_by_key_[key_text(clients[i].public_key)] = i;
    }
    index_knocks();
}

const Service* Policy::service(ServiceId id) const noexcept {
    return look_up(service_by_id_, static_cast<std::uint16_t>(id), services);
}

void Policy::index_knocks() {
    std::vector<knock::Sequence> sequences;
    for (std::size_t i = 0; i < knocks.size(); ++i) {
        const ClientId id = knocks[i].identity.id;
        client_by_id_[static_cast<std::uint16_t>(id)] = clients.size() + i;
        if (knocks[i].list) {
            add_lines(knocks[i], sequences);
        } else {
            sequences.push_back(knocks[i].opening);
            sequences.back().id = {id, knock::Part::opening};
        }
        if (!knocks[i].closing) continue;
        sequences.push_back(*knocks[i].closing);
        sequences.back().id = {id, knock::Part::closing};
    }
    book_ = knock::Book{std::move(sequences)};
}

std::vector<knock::Step> Policy::knock_steps() const {
    std::set<knock::Step> steps;
    for (const knock::Sequence& sequence : book_.sequences())
        steps.insert(sequence.steps.begin(), sequence.steps.end());
    return {steps.begin(), steps.end()};
}

const Client* Policy::client(ClientId id) const noexcept {
    const auto found = client_by_id_.find(static_cast<std::uint16_t>(id));
    if (found == client_by_id_.end()) return nullptr;
    const std::size_t place = found->second;
    return place < clients.size() ? &clients[place] : &knocks[place - clients.size()].identity;
}

const Knock* Policy::knock(ClientId id) const noexcept {
    const auto found = client_by_id_.find(static_cast<std::uint16_t>(id));
    if (found == client_by_id_.end() || found->second < clients.size()) return nullptr;
    return &knocks[found->second - clients.size()];
}

std::vector<knock::LineDigest> Policy::lines() const {
    std::vector<knock::LineDigest> digests;
    for (const Knock& knock : knocks)
        if (knock.list)
            for (const knock::Line& line : knock.list->lines) digests.push_back(line.digest);
    return digests;
}

std::string Policy::identity(ClientId id) const {
    if (const Knock* known = knock(id))
        return known->list ? listed_knock_text(known->identity.name)
                           : knock_text(known->identity.name, known->opening.steps);
    const Client* known = client(id);
    return known ? key_text(known->public_key) : std::string{};
}

const Client* Policy::client(const noise::PublicKey& key) const noexcept {
    return look_up(client_by_key_, key_text(key), clients);
}

const Service* Policy::service(const std::string& name) const noexcept {
    return look_up(service_by_name_, name, services);
}

bool Policy::guards(const PacketView& packet) const noexcept {
    if (packet.local && (own_.contain(packet) || listens(packet))) return true;
    return chosen_.contain(packet) && std::any_of(narrow_.begin(), narrow_.end(),
                                                  [&](std::size_t place) { return services[place].covers(packet); });
}

ClientId Names::client(const noise::PublicKey& key) { return give(clients_, key_text(key)); }

ClientId Names::knock(const std::string& name, const std::vector<knock::Step>& opening) {
    return identity(knock_text(name, opening));
}

ClientId Names::listed_knock(const std::string& name) { return identity(listed_knock_text(name)); }

ListId Names::list(const knock::LineDigest& content) { return give(lists_, key_text(content)); }

ClientId Names::identity(const std::string& text) { return give(clients_, text); }

ServiceId Names::service(const std::string& name) { return give(services_, name); }

}  // namespace postern
