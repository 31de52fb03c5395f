#include "netfilter/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "netfilter/conntrack_message.h"
#include "network_namespace.h"

using namespace postern;
using namespace postern::netfilter;
using namespace postern::test;

namespace {

constexpr MaskedMark accepted{0x05000000, 0xff000000};
constexpr MaskedMark revoked{0x04000000, 0xff000000};

// conntrack works in a namespace only when some rule there asks for it.
void load_rules(const std::string& tool) {
    run_tool(tool + " -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP");
    run_tool(tool + " -t mangle -A PREROUTING -p udp --dport 4000 -j CONNMARK --set-mark 0x00000042");
    run_tool(tool + " -t mangle -A PREROUTING -p udp --dport 4001 -j CONNMARK --set-mark 0x05000001");
}

struct Ends {
    sockaddr_in6 address{};
    socklen_t size = sizeof(sockaddr_in6);
};

// Sends one datagram over lo; the connection it made.
Connection talk(const char* loopback, std::uint16_t port) {
    const IpAddress address = *parse_address(loopback);
    const bool v4 = address.family == Family::v4;
    const int sender = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 to6{};
    auto& to4 = reinterpret_cast<sockaddr_in&>(to6);
    to6.sin6_family = v4 ? AF_INET : AF_INET6;
    to6.sin6_port = htons(port);
    v4 ? inet_pton(AF_INET, loopback, &to4.sin_addr) : inet_pton(AF_INET6, loopback, &to6.sin6_addr);
    const socklen_t size = v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    DEMAND(connect(sender, reinterpret_cast<sockaddr*>(&to6), size) == 0);
    DEMAND(send(sender, "x", 1, 0) == 1);
    Ends own;
    DEMAND(getsockname(sender, reinterpret_cast<sockaddr*>(&own.address), &own.size) == 0);
    return {IPPROTO_UDP, address, address, ntohs(own.address.sin6_port), port};
}

Conntrack open_conntrack() {
    auto conntrack = Conntrack::open();
    if (!conntrack) throw std::runtime_error(conntrack.error().text);
    return std::move(*conntrack);
}

Netlink open_netlink() {
    auto netlink = Netlink::open();
    if (!netlink) throw std::runtime_error(netlink.error().text);
    return std::move(*netlink);
}

int dump(Netlink& netlink, mnl_cb_t each, int& count) {
    ConntrackRequest request{IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC};
    return netlink.request(request.message(), each, &count);
}

bool set(Conntrack& conntrack, const Connection& connection, MaskedMark mark) {
    const auto found = conntrack.set_mark(connection, mark);
    if (!found) throw std::runtime_error(found.error().text);
    return *found;
}

std::vector<Connection> marked(Conntrack& conntrack, MaskedMark mark) {
    auto found = conntrack.marked(mark);
    if (!found) throw std::runtime_error(found.error().text);
    std::sort(found->begin(), found->end());
    return *found;
}

WallTime now() { return WallTime{std::chrono::system_clock::now().time_since_epoch()}; }

TrackedConnection tracked(Conntrack& conntrack, const Connection& connection) {
    const auto all = conntrack.all();
    if (!all) throw std::runtime_error(all.error().text);
    const auto found = std::find_if(all->begin(), all->end(),
                                    [&](const TrackedConnection& one) { return one.connection == connection; });
    DEMAND(found != all->end());
    return *found;
}

void check_family(const char* tool, const char* loopback) {
    load_rules(tool);
    const Connection plain = talk(loopback, 4000);
    const Connection ours = talk(loopback, 4001);
    Conntrack conntrack = open_conntrack();
    DEMAND(marked(conntrack, accepted) == std::vector{ours});
    DEMAND(marked(conntrack, revoked).empty());

    DEMAND(set(conntrack, ours, revoked));
    DEMAND(marked(conntrack, accepted).empty());
    DEMAND(marked(conntrack, revoked) == std::vector{ours});
    DEMAND((marked(conntrack, {0x04000001, 0xffffffff}) == std::vector{ours}));  // the others' bit is kept

    DEMAND(set(conntrack, plain, accepted));
    DEMAND((marked(conntrack, {0x05000042, 0xffffffff}) == std::vector{plain}));
}

}  // namespace

TEST_CASE("a connection's mark changes under its mask, and finds the connection: IPv4", "[netfilter]") {
    in_namespaces([] { check_family("iptables", "127.0.0.1"); });
}

TEST_CASE("a connection's mark changes under its mask, and finds the connection: IPv6", "[netfilter]") {
    in_namespaces([] { check_family("ip6tables", "::1"); });
}

TEST_CASE("one search finds both families, and more than one message of them", "[netfilter]") {
    in_namespaces([] {
        load_rules("iptables");
        load_rules("ip6tables");
        std::vector<Connection> made;
        for (int i = 0; i < 300; ++i) made.push_back(talk(i % 2 == 0 ? "127.0.0.1" : "::1", 4001));
        std::sort(made.begin(), made.end());
        Conntrack conntrack = open_conntrack();
        DEMAND(marked(conntrack, accepted) == made);
    });
}

TEST_CASE("a connection that is not there is not found, which is no error", "[netfilter]") {
    in_namespaces([] {
        load_rules("iptables");
        Connection connection = talk("127.0.0.1", 4001);
        Conntrack conntrack = open_conntrack();
        connection.source_port ^= 1;
        DEMAND(!set(conntrack, connection, revoked));
        connection.source_port ^= 1;
        connection.protocol = IPPROTO_TCP;
        DEMAND(!set(conntrack, connection, revoked));
        DEMAND(marked(conntrack, revoked).empty());
    });
}

TEST_CASE("a dump that fails leaves nothing behind for the next request", "[netfilter]") {
    in_namespaces([] {
        load_rules("iptables");
        for (int i = 0; i < 300; ++i) talk("127.0.0.1", 4001);  // several messages
        Netlink netlink = open_netlink();
        int seen = 0;
        const auto refuse = [](const nlmsghdr*, void* count) {
            ++*static_cast<int*>(count);
            errno = ENOSPC;
            return MNL_CB_ERROR;
        };
        DEMAND(dump(netlink, refuse, seen) == ENOSPC);
        DEMAND(seen == 1);
        const auto take = [](const nlmsghdr*, void* count) { return ++*static_cast<int*>(count), MNL_CB_OK; };
        DEMAND(dump(netlink, take, seen) == 0);
        DEMAND(seen == 301);
    });
}

TEST_CASE("an answer that nobody has read is not taken for the next one's", "[netfilter]") {
    in_namespaces([] {
        load_rules("iptables");
        Connection absent = talk("127.0.0.1", 4001);
        absent.source_port ^= 1;
        Netlink netlink = open_netlink();
        ConntrackRequest unread{IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC};
        unread.message().nlmsg_seq = 77;
        DEMAND(netlink.send(unread.message()) == 0);
        ConntrackRequest change{IPCTNL_MSG_CT_NEW, 0, AF_INET};
        DEMAND(netlink.request(change.original(absent).mark(revoked).message()) == ENOENT);
    });
}

TEST_CASE("without the capability conntrack's error names it", "[netfilter]") {
    in_namespaces([] {
        DEMAND(unshare(CLONE_NEWUSER) == 0);
        Conntrack conntrack = open_conntrack();
        const auto found = conntrack.marked(accepted);
        DEMAND(!found.has_value());
        DEMAND(found.error().text.find("CAP_NET_ADMIN") != std::string::npos);
    });
}

TEST_CASE("a session that nobody tracked is entered once, from whichever end it is named", "[netfilter]") {
    in_namespaces([] {
        auto conntrack = open_conntrack();
        for (const char* client : {"198.51.100.7", "2001:db8::7"}) {
            const bool v4 = parse_address(client)->family == Family::v4;
            const Connection session{IPPROTO_TCP, *parse_address(client),
                                     *parse_address(v4 ? "192.0.2.2" : "2001:db8::2"), 50000, 22};
            const Connection reversed{IPPROTO_TCP, session.destination, session.source, 22, 50000};
            DEMAND(conntrack.enter(session, std::chrono::seconds{60}) == true);
            DEMAND(conntrack.enter(session, std::chrono::seconds{60}) == false);
            DEMAND(conntrack.enter(reversed, std::chrono::seconds{60}) == false);
            DEMAND(set(conntrack, session, accepted));
            DEMAND(marked(conntrack, accepted) == std::vector{session});  // its origin is the client
            DEMAND(set(conntrack, session, {0, 0xffffffff}));
        }
    });
}

TEST_CASE("connections that begin from then on have their time, those from before have none", "[netfilter]") {
    in_namespaces([] {
        load_rules("iptables");
        const Connection before = talk("127.0.0.1", 4001);
        Conntrack conntrack = open_conntrack();
        const auto kept = conntrack.keep_times();
        if (!kept) throw std::runtime_error(kept.error().text);
        const WallTime from = now();
        const Connection behind = talk("127.0.0.1", 4000);
        const WallTime to = now();
        DEMAND(!tracked(conntrack, before).began);
        DEMAND(tracked(conntrack, before).mark == 0x05000001);
        const auto began = tracked(conntrack, behind).began;
        DEMAND(began && from <= *began && *began <= to);
    });
}
