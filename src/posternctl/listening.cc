#include "posternctl/listening.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>

#include "base/printable.h"
#include "io/files.h"
#include "netfilter/socket_list.h"
#include "survey/lines.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;
using Owners = std::unordered_map<std::uint32_t, std::string>;  // by inode

// "socket:[4711]"; 0 where it is something else.
std::uint32_t inode_of(const std::string& link) {
    constexpr std::string_view head = "socket:[";
    std::uint32_t inode = 0;
    if (link.starts_with(head)) std::from_chars(link.data() + head.size(), link.data() + link.size(), inode);
    return inode;
}

std::string name_of(const fs::path& process) {
    std::string name = io::read_small(process / "comm", 64).value_or("");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return printable(std::move(name));  // anybody names his own programs
}

void add_sockets(const fs::path& process, Owners& owners) {
    std::error_code error;
    for (fs::directory_iterator file{process / "fd", error}, end; !error && file != end; file.increment(error)) {
        std::error_code gone;
        const std::uint32_t inode = inode_of(fs::read_symlink(*file, gone).string());
        if (inode != 0 && !owners.contains(inode)) owners.emplace(inode, name_of(process));
    }
}

Owners owners() {
    Owners found;
    std::error_code error;
    for (fs::directory_iterator process{"/proc", error}, end; !error && process != end; process.increment(error))
        if (std::ranges::all_of(process->path().filename().string(), [](char c) { return '0' <= c && c <= '9'; }))
            add_sockets(*process, found);
    return found;
}

}  // namespace

Result<void> add_listeners(std::vector<survey::Listener>& all, Transport transport) {
    const bool tcp = transport == Transport::tcp;
    const auto rows = netfilter::list_sockets(tcp ? IPPROTO_TCP : IPPROTO_UDP, {1u << (tcp ? TCP_LISTEN : TCP_CLOSE)});
    if (!rows) return tl::make_unexpected(rows.error());
    for (const netfilter::SocketRow& row : *rows)
        all.push_back({transport, row.local, row.local_port, row.interface, row.inode, {}});
    return {};
}

survey::Ports chosen_ports() {
    const std::string text = io::read_small("/proc/sys/net/ipv4/ip_local_port_range", 4096).value_or("");
    const auto words = survey::words_of(std::string_view{text}.substr(0, text.find('\n')));
    survey::Ports ports;
    if (words.size() != 2) return ports;
    std::from_chars(words[0].data(), words[0].data() + words[0].size(), ports.first);
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), ports.last);
    return ports;
}

void name_programs(std::vector<survey::Listener>& listeners) {
    const Owners found = owners();
    for (survey::Listener& listener : listeners)
        if (const auto owner = found.find(listener.inode); owner != found.end()) listener.program = owner->second;
}

}  // namespace postern::ctl
