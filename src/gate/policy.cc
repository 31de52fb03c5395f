#include "gate/policy.h"

#include <algorithm>
#include <set>

namespace postern {
namespace {

std::string key_text(const noise::PublicKey& key) { return {key.begin(), key.end()}; }

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

bool Service::covers(const PacketView& packet) const noexcept {
    return std::any_of(ports.begin(), ports.end(), [&](const TransportPorts& range) {
        return range.contains(packet.transport, packet.destination_port);
    });
}

bool Client::may_open(ServiceId service) const noexcept {
    return std::find(services.begin(), services.end(), service) != services.end();
}

void Policy::index() {
    const auto mark = [](Ports& set, PortRange range) {
        for (unsigned port = range.first; port <= range.last; ++port) set.set(port);
    };
    for (const PortRange& range : gateway.spa) mark(spa_ports_, range);
    for (std::size_t i = 0; i < services.size(); ++i) {
        for (const auto& [transport, range] : services[i].ports)
            mark(transport == Transport::tcp ? tcp_ports_ : udp_ports_, range);
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
        sequences.push_back(knocks[i].opening);
        sequences.back().id = {id, knock::Part::opening};
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

const Client* Policy::client(const noise::PublicKey& key) const noexcept {
    return look_up(client_by_key_, key_text(key), clients);
}

const Service* Policy::service(const std::string& name) const noexcept {
    return look_up(service_by_name_, name, services);
}

bool Policy::guards(Transport transport, std::uint16_t port) const noexcept {
    if (transport == Transport::tcp) return tcp_ports_[port];
    return transport == Transport::udp && (udp_ports_[port] || spa_ports_[port]);
}

ClientId Names::client(const noise::PublicKey& key) { return give(clients_, key_text(key)); }

ClientId Names::knock(const std::string& name, const std::vector<knock::Step>& opening) {
    std::string text(noise::key_size, '\0');  // longer than any client's key, so equal to none
    text.append(1, ' ').append(name);
    for (const knock::Step& step : opening) text.append(1, ' ').append(knock::to_text(step));
    return give(clients_, text);
}

ServiceId Names::service(const std::string& name) { return give(services_, name); }

}  // namespace postern
