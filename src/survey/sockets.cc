#include "survey/sockets.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "rules/admits.h"
#include "survey/lines.h"
#include "survey/opening.h"

namespace postern::survey {
namespace {

bool is_loopback(const IpAddress& address) {
    static const IpAddress v6 = *parse_address("::1");
    return address.family == Family::v4 ? address.octets[0] == 127 : address == v6;
}

bool is_any(const IpAddress& address) { return address == IpAddress{address.family, {}}; }

// DHCP clients: what they wait for is among the essentials.
bool is_essential(const Listener& listener) {
    return listener.transport == Transport::udp && (listener.port == 68 || listener.port == 546);
}

bool is_client(const Listener& listener, Ports chosen) {
    return listener.transport == Transport::udp && listener.inode != 0 && chosen.first <= listener.port &&
           listener.port <= chosen.last;
}

// A member of a bridge or a bond is guarded by its master's name.
bool is_guarded(const Policy& policy, const Link& link) {
    return rules::guards_interface(policy, link.name) ||
           (!link.master.empty() && rules::guards_interface(policy, link.master));
}

// An address that no interface has may come later, to any.
bool reached(const Policy& policy, const Links& links, const Listener& listener) {
    if (const Link* link = find(links, listener.interface)) return is_guarded(policy, *link);
    if (is_loopback(listener.address)) return false;
    if (is_any(listener.address)) return true;
    bool elsewhere = false;
    for (const Link& link : links) {
        if (std::ranges::find(link.addresses, listener.address) == link.addresses.end()) continue;
        if (is_guarded(policy, link)) return true;
        elsewhere = true;
    }
    return !elsewhere;
}

std::string who(const Listener& listener) {
    if (listener.inode == 0) return "the kernel listens on";
    return listener.program.empty() ? "a program listens on" : listener.program + " listens on";
}

Finding told(const Policy& policy, const Listener& listener) {
    const std::string port = port_word(listener.transport, listener.port);
    const bool glass = port == "tcp/22" && !policy.gateway.break_glass.empty();
    return {
        "listener",
        fmt::format("{} {}, which no service and no `open` names: new connections to it through a guarded interface "
                    "are dropped{}",
                    who(listener), port, glass ? ", but for those from gateway.break_glass" : ""),
        fmt::format("name it if it is for outside: services: {{NAME: {{ports: [{0}]}}}} for members, or gateway: "
                    "{{open: [{0}]}} for everybody",
                    port)};
}

struct Name {
    std::uint8_t protocol;
    std::string_view name;
};
// Those without a name in netinet/in.h have their number (IANA, "Protocol Numbers").
constexpr Name names[] = {{IPPROTO_RSVP, "RSVP"}, {IPPROTO_GRE, "GRE"},  {IPPROTO_ESP, "ESP"}, {IPPROTO_AH, "AH"},
                          {88, "EIGRP"},          {89, "OSPF"},          {IPPROTO_PIM, "PIM"}, {112, "VRRP"},
                          {115, "L2TP"},          {IPPROTO_SCTP, "SCTP"}};

std::string named(std::uint8_t protocol) {
    const auto found = std::ranges::find(names, protocol, &Name::protocol);
    return found == std::end(names) ? fmt::format("IP protocol {}", protocol)
                                    : fmt::format("{} (IP protocol {})", found->name, protocol);
}

// Sniffers and senders have raw sockets, too: of any protocol, of TCP, of UDP, of their own headers. ICMP's and IGMP's
// errors and reports are essentials.
bool tells_nothing(unsigned protocol) {
    constexpr unsigned those[] = {IPPROTO_IP,  IPPROTO_ICMP,   IPPROTO_IGMP, IPPROTO_TCP,
                                  IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_RAW};
    return protocol > 255 || std::ranges::find(those, protocol) != std::end(those);
}

}  // namespace

bool waits_for_strangers(const Listener& listener, Ports chosen) {
    return !is_loopback(listener.address) && !is_essential(listener) && !is_client(listener, chosen);
}

void find_listeners(const Policy& policy, const Links& links, const std::vector<Listener>& listeners, Ports chosen,
                    Findings& findings) {
    std::set<std::pair<Transport, std::uint16_t>> seen;
    for (const Listener& listener : listeners) {
        if (is_essential(listener) || is_client(listener, chosen)) continue;
        if (is_named(policy, listener.transport, listener.port) || !reached(policy, links, listener)) continue;
        if (seen.emplace(listener.transport, listener.port).second) findings.push_back(told(policy, listener));
    }
}

// Behind the head, each line has "address:protocol" as its second word, in hexadecimal.
std::vector<std::uint8_t> raw_protocols(std::string_view text) {
    std::set<std::uint8_t> found;
    for (const std::string_view line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() < 4 || words[1].find(':') == std::string_view::npos) continue;
        const std::string_view digits = words[1].substr(words[1].find(':') + 1);
        unsigned protocol = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), protocol, 16);
        if (!tells_nothing(protocol)) found.insert(static_cast<std::uint8_t>(protocol));
    }
    return {found.begin(), found.end()};
}

// ENDPT SOCK STY SST HBKT LPORT ...; a state of 10 listens.
std::vector<std::uint16_t> sctp_ports(std::string_view text) {
    std::set<std::uint16_t> found;
    for (const std::string_view line : lines_of(text)) {
        const auto words = words_of(line);
        if (words.size() < 6 || words[3] != "10") continue;
        std::uint16_t port = 0;
        std::from_chars(words[5].data(), words[5].data() + words[5].size(), port);
        if (port != 0) found.insert(port);
    }
    return {found.begin(), found.end()};
}

void find_protocols(const Policy& policy, std::vector<std::uint8_t> protocols, Findings& findings) {
    std::ranges::sort(protocols);
    protocols.erase(std::ranges::unique(protocols).begin(), protocols.end());
    for (const std::uint8_t protocol : protocols)
        if (!is_open(policy, protocol))
            findings.push_back(
                {"protocol",
                 fmt::format("a program takes packets of {}: those that come in first through a guarded interface are "
                             "dropped",
                             named(protocol)),
                 open_advice(protocol)});
}

void find_sctp(const Policy& policy, const std::vector<std::uint16_t>& ports, Findings& findings) {
    if (ports.empty() || is_open(policy, IPPROTO_SCTP)) return;
    findings.push_back(
        {"protocol",
         fmt::format("a program listens on SCTP port {}: new associations through a guarded interface are "
                     "dropped",
                     ports.front()),
         open_advice(IPPROTO_SCTP)});
}

}  // namespace postern::survey
