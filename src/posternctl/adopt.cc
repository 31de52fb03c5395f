#include "posternctl/adopt.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <set>
#include <thread>

#include "config/values.h"
#include "io/files.h"
#include "netfilter/conntrack.h"
#include "netfilter/socket_list.h"
#include "posternctl/rules_tool.h"
#include "rules/saved.h"

namespace postern::ctl {
namespace {

using netfilter::Connection;
using netfilter::SocketRow;
using std::chrono::seconds;

constexpr seconds usual_time{5};

// The whole number in a sysctl of conntrack; nothing where the module is not there.
std::optional<unsigned> setting(const char* name) {
    const auto text = io::read_small(std::string{"/proc/sys/net/netfilter/"} + name, 64);
    unsigned value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{}) return {};
    return value;
}

// An established session lives as long as conntrack lets one live that it saw from its start.
seconds lifetime() { return seconds{setting("nf_conntrack_tcp_timeout_established").value_or(432000)}; }

bool is_loopback(const IpAddress& address) {
    static const IpAddress v6 = *parse_address("::1");
    return address.family == Family::v4 ? address.octets[0] == 127 : address == v6;
}

// Whoever made the connection is its source: the peer, where somebody here listens on the port.
Connection named(const SocketRow& row, const std::set<std::uint16_t>& served) {
    if (served.contains(row.local_port)) return {IPPROTO_TCP, row.peer, row.local, row.peer_port, row.local_port};
    return {IPPROTO_TCP, row.local, row.peer, row.local_port, row.peer_port};
}

Result<std::vector<Connection>> sessions() {
    const auto listening = netfilter::list_sockets(IPPROTO_TCP, {1u << TCP_LISTEN});
    if (!listening) return tl::make_unexpected(listening.error());
    const auto rows =
        netfilter::list_sockets(IPPROTO_TCP, {1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT | 1u << TCP_FIN_WAIT2});
    if (!rows) return tl::make_unexpected(rows.error());
    std::set<std::uint16_t> served;
    for (const SocketRow& row : *listening) served.insert(row.local_port);
    std::vector<Connection> found;
    for (const SocketRow& row : *rows)
        if (!is_loopback(row.peer)) found.push_back(named(row, served));
    return found;
}

// How many were not known.
Result<unsigned> enter_sessions() {
    const auto found = sessions();
    if (!found) return tl::make_unexpected(found.error());
    auto conntrack = netfilter::Conntrack::open();
    if (!conntrack) return tl::make_unexpected(conntrack.error());
    unsigned entered = 0;
    for (const Connection& one : *found) {
        const auto done = conntrack->enter(one, lifetime());
        if (!done) return tl::make_unexpected(done.error());
        entered += *done ? 1 : 0;
    }
    return entered;
}

// --- the rules that only track --------------------------------------------------------------------------------------

// A rule that names connection tracking makes it track, also in a chain that nobody jumps to. The chain is one of ours:
// the rules that judge take its place in the transaction that brings them.
constexpr const char* nft_tracks = "table inet postern { chain judge { ct state established accept; }; }\n";
constexpr const char* iptables_tracks =
    "*mangle\n:POSTERN-JUDGE - [0:0]\n-A POSTERN-JUDGE -m conntrack --ctstate ESTABLISHED -j RETURN\nCOMMIT\n";

using Tools = std::array<std::string, 2>;
Tools both(const std::string& iptables) { return {iptables, "ip6" + iptables.substr(2)}; }

Result<void> track(std::string_view backend, const std::string& iptables) {
    if (backend == "nftables") return run_tool({"nft", "-f", "-"}, nft_tracks).map([](const std::string&) {});
    for (const std::string& tool : both(iptables))
        if (const auto done = run_tool({tool + "-restore", "--wait", "10", "--noflush"}, iptables_tracks); !done)
            return tl::make_unexpected(done.error());
    return {};
}

Result<bool> guarded(std::string_view backend, const std::string& iptables) {
    if (backend == "nftables")
        return run_tool({"nft", "list", "tables", "inet"}).map([](const std::string& tables) {
            return tables.find("table inet postern\n") != std::string::npos;
        });
    bool found = false;
    for (const std::string& tool : both(iptables)) {
        const auto saved = run_tool({tool + "-save"});
        if (!saved) return tl::make_unexpected(saved.error());
        found = found || rules::present(rules::parse_saved(*saved));
    }
    return found;
}

// --- both ---------------------------------------------------------------------------------------------------------

bool forwards() {
    for (const char* file : {"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"})
        if (io::read_small(file, 64).value_or("0").starts_with('1')) return true;
    return false;
}

void say(std::FILE* out, unsigned entered, seconds time) {
    if (entered > 0) fmt::print(out, "sessions of this host that nothing tracked: {}; they go on\n", entered);
    if (time > seconds{0})
        fmt::print(out, "for {} s sessions that pass through and speak are learnt, and nothing is judged yet\n",
                   time.count());
    std::fflush(out);
}

// Sessions are entered before anything tracks: a packet of this host's that came first would make this host the one
// that began its session. Those that began in between are entered behind it.
Result<void> adopt_for(seconds time, std::string_view backend, const std::string& iptables, std::FILE* out) {
    const auto before = enter_sessions();
    if (!before) return tl::make_unexpected(before.error());
    if (time == seconds{0}) return say(out, *before, time), Result<void>{};
    if (const auto tracking = track(backend, iptables); !tracking) return tracking;
    const auto behind = enter_sessions();
    if (!behind) return tl::make_unexpected(behind.error());
    say(out, *before + *behind, time);
    std::this_thread::sleep_for(time);
    return {};
}

}  // namespace

std::string read_adoption_time(const std::string& text, AdoptionTime& time) {
    const auto read = config::duration(text);
    if (!read || *read > std::chrono::minutes{10}) return "got \"" + text + "\", expected a time from 0s to 10m";
    time = std::chrono::duration_cast<seconds>(*read);
    return "";
}

Result<void> adopt(std::string_view backend, const std::string& iptables, AdoptionTime asked, std::FILE* out) {
    if (asked == seconds{0}) return {};
    const bool tracked = setting("nf_conntrack_count").value_or(0) > 0;
    const seconds time = asked.value_or(forwards() && !tracked ? usual_time : seconds{0});
    return guarded(backend, iptables).and_then([&](bool is) {
        return is ? Result<void>{} : adopt_for(time, backend, iptables, out);
    });
}

}  // namespace postern::ctl
