#include "netfilter/conntrack.h"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "netfilter/conntrack_message.h"

namespace postern::netfilter {
namespace {

std::string refusal(const char* what, int error) {
    if (error == EPERM) return fmt::format("conntrack: {}: not permitted; start the program with CAP_NET_ADMIN", what);
    return fmt::format("conntrack: {}: {}", what, std::strerror(error));
}

struct Search {
    MaskedMark wanted;
    std::vector<TrackedConnection> found;
};

// The kernel filters by mark where it knows how; an old one sends everything.
int collect(const nlmsghdr* message, void* context) {
    auto& search = *static_cast<Search*>(context);
    const auto entry = parse_connection(*message);
    if (entry && (entry->mark & search.wanted.mask) == search.wanted.value) search.found.push_back(*entry);
    return MNL_CB_OK;
}

Result<std::vector<TrackedConnection>> found(Netlink& netlink, MaskedMark mark) {
    Search search{mark, {}};
    int error = EINTR;  // what the kernel says when the table was resized meanwhile
    for (int attempt = 0; attempt < 3 && error == EINTR; ++attempt) {
        search.found.clear();
        ConntrackRequest request{IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC};
        if (mark.mask != 0) request.mark(mark);
        error = netlink.request(request.message(), collect, &search);
    }
    if (error != 0) return failure(refusal("cannot list connections", error));
    return std::move(search.found);
}

int read_mark(const nlmsghdr* message, void* context) {
    if (const auto entry = parse_connection(*message))
        *static_cast<std::optional<std::uint32_t>*>(context) = entry->mark;
    return MNL_CB_OK;
}

bool any(std::uint32_t) { return true; }

std::vector<Connection> connections_of(const std::vector<TrackedConnection>& entries, const Conntrack::Wanted& wanted) {
    std::vector<Connection> connections;
    for (const TrackedConnection& entry : entries)
        if (wanted(entry.mark)) connections.push_back(entry.connection);
    return connections;
}

}  // namespace

Result<Conntrack> Conntrack::open() {
    auto netlink = Netlink::open();
    if (!netlink) return tl::make_unexpected(netlink.error());
    return Conntrack{std::move(*netlink)};
}

// Tuple, mark and mask only: an update that carries other attributes is refused by some kernels.
Result<bool> Conntrack::set_mark(const Connection& connection, MaskedMark mark) {
    const std::uint8_t family = connection.source.family == Family::v4 ? AF_INET : AF_INET6;
    ConntrackRequest request{IPCTNL_MSG_CT_NEW, 0, family};
    const int error = netlink_.request(request.original(connection).mark(mark).message());
    if (error == ENOENT) return false;
    if (error != 0) return failure(refusal("cannot set a connection's mark", error));
    return true;
}

Result<bool> Conntrack::enter(const Connection& connection, std::chrono::seconds timeout) {
    const std::uint8_t family = connection.source.family == Family::v4 ? AF_INET : AF_INET6;
    ConntrackRequest request{IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, family};
    const int error = netlink_.request(request.original(connection).reply(connection).established(timeout).message());
    if (error == EEXIST) return false;
    if (error == ENOMEM) return failure("conntrack: the table is full; raise net.netfilter.nf_conntrack_max");
    if (error != 0) return failure(refusal("cannot enter a connection", error));
    return true;
}

Result<std::optional<std::uint32_t>> Conntrack::mark_of(const Connection& connection) {
    const std::uint8_t family = connection.source.family == Family::v4 ? AF_INET : AF_INET6;
    ConntrackRequest request{IPCTNL_MSG_CT_GET, 0, family};
    std::optional<std::uint32_t> mark;
    const int error = netlink_.request(request.original(connection).message(), read_mark, &mark);
    if (error == ENOENT) return std::nullopt;
    if (error != 0) return failure(refusal("cannot look a connection up", error));
    return mark;
}

Result<std::vector<Connection>> Conntrack::marked(MaskedMark mark) {
    return found(netlink_, mark).map([](const auto& entries) { return connections_of(entries, any); });
}

Result<std::vector<Connection>> Conntrack::marked(const Wanted& wanted) {
    return all().map([&](const auto& entries) { return connections_of(entries, wanted); });
}

Result<std::vector<TrackedConnection>> Conntrack::all() { return found(netlink_, {0, 0}); }

// Where nothing has tracked since the host started there is no such key: any question to ctnetlink loads its module.
Result<void> Conntrack::keep_times() {
    (void)mark_of({});
    constexpr const char* key = "/proc/sys/net/netfilter/nf_conntrack_timestamp";
    std::ofstream file{key};
    if (file << "1" << std::flush) return {};
    return failure(fmt::format("cannot write {}: {}; is the module nf_conntrack loaded?", key, std::strerror(errno)));
}

}  // namespace postern::netfilter
