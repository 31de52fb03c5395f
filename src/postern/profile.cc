#include "postern/profile.h"

#include <algorithm>

namespace postern::client {

bool Service::has(Transport transport, std::uint16_t port) const noexcept {
    return std::any_of(ports.begin(), ports.end(), [&](const PortRange& range) {
        return range.transport == transport && range.first <= port && port <= range.last;
    });
}

const Service* Profile::service(const std::string& name) const noexcept {
    const auto found =
        std::find_if(services.begin(), services.end(), [&](const Service& service) { return service.name == name; });
    return found == services.end() ? nullptr : &*found;
}

const Service* Profile::service(Transport transport, std::uint16_t wanted) const noexcept {
    const auto found = std::find_if(services.begin(), services.end(),
                                    [&](const Service& service) { return service.has(transport, wanted); });
    return found == services.end() ? nullptr : &*found;
}

std::string Profile::service_names() const {
    std::string names;
    for (const Service& service : services) names += (names.empty() ? "" : ", ") + service.name;
    return names;
}

}  // namespace postern::client
