#include "gate/policy.h"

#include <algorithm>

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
}

const Service* Policy::service(ServiceId id) const noexcept {
    return look_up(service_by_id_, static_cast<std::uint16_t>(id), services);
}

const Client* Policy::client(ClientId id) const noexcept {
    return look_up(client_by_id_, static_cast<std::uint16_t>(id), clients);
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

ServiceId Names::service(const std::string& name) { return give(services_, name); }

}  // namespace postern
