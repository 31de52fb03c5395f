#include "netfilter/conntrack_events.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "netfilter/conntrack_message.h"
#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;

namespace {

constexpr MarkBand ours{0xff000000, 0x05000000, 0xff000000};
constexpr MarkBand unmarked{0xff000000, 0, 0};
using Kind = ConntrackEvent::Kind;

void load_rules() {
    for (const std::string tool : {"iptables", "ip6tables"}) {
        run_tool(tool + " -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP");
        run_tool(tool + " -t mangle -A OUTPUT -p udp --dport 4001 -j CONNMARK --set-mark 0x05000001");
        run_tool(tool + " -t mangle -A OUTPUT -p udp --dport 4002 -j CONNMARK --set-mark 0x04000000");
        run_tool(tool + " -t mangle -A OUTPUT -p udp --dport 4003 -j CONNMARK --set-mark 0x11000000");
    }
}

void events_are(int value) {
    DEMAND(write_text("/proc/sys/net/netfilter/nf_conntrack_events", std::to_string(value)));
}

// Sends one datagram over lo to a port where nobody listens; the connection it made.
Connection talk(const char* loopback, std::uint16_t port) {
    const IpAddress address = *parse_address(loopback);
    const bool v4 = address.family == Family::v4;
    const int sender = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 peer{};
    auto& peer4 = reinterpret_cast<sockaddr_in&>(peer);
    peer.sin6_family = v4 ? AF_INET : AF_INET6;
    peer.sin6_port = htons(port);
    v4 ? inet_pton(AF_INET, loopback, &peer4.sin_addr) : inet_pton(AF_INET6, loopback, &peer.sin6_addr);
    const socklen_t size = v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    DEMAND(connect(sender, reinterpret_cast<sockaddr*>(&peer), size) == 0);
    DEMAND(send(sender, "x", 1, 0) == 1);
    sockaddr_in6 own{};
    socklen_t own_size = sizeof own;
    DEMAND(getsockname(sender, reinterpret_cast<sockaddr*>(&own), &own_size) == 0);
    close(sender);
    return {IPPROTO_UDP, address, address, ntohs(own.sin6_port), port};
}

void forget_all() {
    auto netlink = Netlink::open();
    ConntrackRequest every{IPCTNL_MSG_CT_DELETE, 0, AF_UNSPEC};
    DEMAND(netlink && netlink->request(every.message()) == 0);
}

ConntrackEvents listen(ConntrackEvents::Wanted wanted, MarkBand band, std::size_t buffer) {
    auto events = ConntrackEvents::open(wanted, band, buffer);
    if (!events) throw std::runtime_error(events.error().text);
    return std::move(*events);
}

ConntrackEvents listen(ConntrackEvents::Wanted wanted, MarkBand band) {
    return listen(wanted, band, ConntrackEvents::default_buffer);
}

// The events so far; the kernel reports before the call that caused them returns.
std::vector<ConntrackEvent> read(ConntrackEvents& events) {
    auto batch = events.receive();
    if (!batch) throw std::runtime_error(batch.error().text);
    DEMAND(!batch->overrun);
    return batch->events;
}

}  // namespace

TEST_CASE("a connection with a mark in the band reports its end, others do not, both families", "[netfilter]") {
    in_namespaces([] {
        events_are(1);
        load_rules();
        ConntrackEvents events = listen({.over = true}, ours);
        for (const char* loopback : {"127.0.0.1", "::1"}) {
            talk(loopback, 4000);
            const Connection plain = talk(loopback, 4001);
            talk(loopback, 4002);
            const Connection forwarded = talk(loopback, 4003);
            DEMAND(read(events).empty());
            forget_all();
            auto over = read(events);
            std::ranges::sort(over, {}, &ConntrackEvent::mark);
            DEMAND(over.size() == 2);
            DEMAND(over[0].kind == Kind::over && over[0].connection == plain && over[0].mark == 0x05000001);
            DEMAND(over[1].kind == Kind::over && over[1].connection == forwarded && over[1].mark == 0x11000000);
        }
    });
}

TEST_CASE("a connection without a mark reports that it began", "[netfilter]") {
    in_namespaces([] {
        events_are(1);
        load_rules();
        ConntrackEvents events = listen({.begun = true, .over = true}, unmarked);
        const Connection connection = talk("127.0.0.1", 4000);
        talk("127.0.0.1", 4001);
        const auto begun = read(events);
        DEMAND(begun.size() == 1);
        DEMAND(begun[0].kind == Kind::begun && begun[0].connection == connection && begun[0].mark == 0);
    });
}

TEST_CASE("by default connections report that begin while somebody listens", "[netfilter]") {
    in_namespaces([] {
        events_are(2);
        load_rules();
        ConntrackEvents events = listen({.over = true}, ours);
        DEMAND(conntrack_reports_events());
        const Connection connection = talk("127.0.0.1", 4001);
        forget_all();
        const auto over = read(events);
        DEMAND(over.size() == 1 && over[0].connection == connection);
    });
}

TEST_CASE("where events are off nothing comes, and that is known", "[netfilter]") {
    in_namespaces([] {
        events_are(0);
        load_rules();
        ConntrackEvents events = listen({.over = true}, ours);
        DEMAND(!conntrack_reports_events());
        talk("127.0.0.1", 4001);
        forget_all();
        DEMAND(read(events).empty());
    });
}

TEST_CASE("events that found no room are told once, and what found room is there", "[netfilter]") {
    in_namespaces([] {
        events_are(1);
        load_rules();
        ConntrackEvents events = listen({.over = true}, ours, 4096);
        for (int i = 0; i < 200; ++i) talk("127.0.0.1", 4001);
        forget_all();
        auto batch = events.receive();
        DEMAND(batch && batch->overrun);
        DEMAND(!batch->events.empty() && batch->events.size() < 200);
        DEMAND(read(events).empty());
        const Connection connection = talk("127.0.0.1", 4001);
        forget_all();
        const auto over = read(events);
        DEMAND(std::ranges::any_of(over, [&](const auto& event) { return event.connection == connection; }));
    });
}

TEST_CASE("without the capability the events' error names it", "[netfilter]") {
    in_namespaces([] {
        DEMAND(unshare(CLONE_NEWUSER) == 0);
        const auto events = ConntrackEvents::open({.over = true}, ours);
        DEMAND(!events.has_value());
        DEMAND(events.error().text.find("CAP_NET_ADMIN") != std::string::npos);
    });
}
