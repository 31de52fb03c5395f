#include "posternctl/host_offers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "posternctl/listening.h"
#include "posternctl/rules_tool.h"

namespace postern::ctl {
namespace {

// Lower case and without a dot at the end; empty where the host has none of its own.
std::string host_name() {
    std::array<char, 256> buffer{};
    if (gethostname(buffer.data(), buffer.size() - 1) != 0) return {};
    std::string name{buffer.data()};
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    while (name.ends_with('.')) name.pop_back();
    return name == "localhost" || name == "(none)" ? "" : name;
}

Result<std::vector<std::string>> interfaces() {
    const auto four = run_tool({"ip", "-json", "route", "show", "default"});
    if (!four) return tl::make_unexpected(four.error());
    const auto six = run_tool({"ip", "-6", "-json", "route", "show", "default"});
    return survey::ways_out(*four, six.value_or(""));
}

}  // namespace

Result<HostOffers> host_offers() {
    HostOffers found{host_name(), {}, {}, ssh_session()};
    auto names = interfaces();
    if (!names) return tl::make_unexpected(names.error());
    found.interfaces = std::move(*names);
    std::vector<survey::Listener> all;
    for (const auto& done : {add_listeners(all, Transport::tcp), add_listeners(all, Transport::udp)})
        if (!done) return tl::make_unexpected(done.error());
    name_programs(all);
    found.ports = survey::offers(all, chosen_ports());
    return found;
}

}  // namespace postern::ctl
