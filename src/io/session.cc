// sshd forks a process for each connection, which keeps its socket until the end, and everything that runs in the
// session descends from it: so its start is the connection's begin. Environment variables could be set to anything.
#include "io/session.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

namespace postern::io {
namespace {

namespace fs = std::filesystem;

// What /proc/PID/stat says that we need.
struct Process {
    int parent = 0;
    unsigned terminal = 0;  // as a dev_t of old; 0: none
    SteadyTime started;
};

// The name in parentheses may hold anything, parentheses and blanks too: fields are counted behind its end.
Process process_of(int id) {
    std::string line;
    std::getline(std::ifstream{fmt::format("/proc/{}/stat", id)}, line);
    const std::size_t end = line.rfind(')');
    if (end == std::string::npos) return {};
    std::istringstream fields{line.substr(end + 1)};
    std::string skipped;
    Process process;
    fields >> skipped >> process.parent >> skipped >> skipped >> process.terminal;
    for (int i = 0; i < 14; ++i) fields >> skipped;
    std::int64_t ticks = 0;
    fields >> ticks;
    process.started = SteadyTime{std::chrono::nanoseconds{ticks * (1'000'000'000 / sysconf(_SC_CLK_TCK))}};
    return process;
}

// "0100007F:1F90", or 32 digits for IPv6: words of 4 bytes, each as this machine stores it.
std::string address_of(const std::string& text) {
    const std::string digits = text.substr(0, text.find(':'));
    std::uint32_t words[4] = {};
    for (std::size_t i = 0; i * 8 < digits.size() && i < 4; ++i)
        words[i] = static_cast<std::uint32_t>(std::stoul(digits.substr(i * 8, 8), nullptr, 16));
    char name[INET6_ADDRSTRLEN] = {};
    inet_ntop(digits.size() > 8 ? AF_INET6 : AF_INET, words, name, sizeof name);
    const std::string all = name;
    return all.starts_with("::ffff:") ? all.substr(7) : all;
}

bool is_loopback(const std::string& address) { return address == "::1" || address.starts_with("127."); }

// A line of the kernel's table of TCP sockets.
struct Socket {
    std::string own_address, own_port, peer_address, peer_port;
    std::string state, inode;

    [[nodiscard]] std::string own() const { return own_address + ' ' + own_port; }
    [[nodiscard]] std::string peer() const { return peer_address + ' ' + peer_port; }
};

std::string port_of(const std::string& text) { return text.substr(text.find(':') + 1); }

std::vector<Socket> sockets_beside(int id) {
    std::vector<Socket> sockets;
    for (const char* table : {"tcp", "tcp6"}) {
        std::ifstream file{fmt::format("/proc/{}/net/{}", id, table)};
        std::string line;
        std::getline(file, line);
        while (std::getline(file, line)) {
            std::istringstream fields{line};
            std::string skipped, own, peer, state, inode;
            fields >> skipped >> own >> peer >> state;
            for (int i = 0; i < 5; ++i) fields >> skipped;
            fields >> inode;
            sockets.push_back({address_of(own), port_of(own), address_of(peer), port_of(peer), state, inode});
        }
    }
    return sockets;
}

// The other end of every TCP connection that was made from another host to a process's network namespace, by its
// socket's inode. One that came in is at a port that somebody listens on, and its other end is not here as well.
std::map<std::string, std::string> connections_beside(int id) {
    const auto sockets = sockets_beside(id);
    std::set<std::string> listening, ends;
    for (const Socket& one : sockets) {
        if (one.state == "0A") listening.insert(one.own_port);
        ends.insert(one.own() + ' ' + one.peer());
    }
    std::map<std::string, std::string> peers;
    for (const Socket& one : sockets)
        if (one.state == "01" && listening.contains(one.own_port) && !is_loopback(one.peer_address) &&
            !ends.contains(one.peer() + ' ' + one.own()))
            peers[one.inode] = one.peer_address;
    return peers;
}

// The peer of a connection that the process holds; empty where it holds none.
std::string peer_of(int id) {
    const auto peers = connections_beside(id);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{fmt::format("/proc/{}/fd", id), error}) {
        const std::string name = fs::read_symlink(entry.path(), error).string();
        if (error || !name.starts_with("socket:[")) continue;
        if (const auto found = peers.find(name.substr(8, name.size() - 9)); found != peers.end()) return found->second;
    }
    return {};
}

// Screens and serial lines; pseudo terminals, of both kinds, are what network logins and multiplexers have.
bool is_console(unsigned terminal) {
    const unsigned number = major(terminal);
    const bool pseudo = number == PTY_MASTER_MAJOR || number == PTY_SLAVE_MAJOR ||
                        (number >= UNIX98_PTY_MASTER_MAJOR && number < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT);
    return terminal != 0 && number != TTYAUX_MAJOR && !pseudo;
}

}  // namespace

// The outermost connection counts: an inner one may be anything that the session has opened itself.
Session own_session() {
    const bool console = is_console(process_of(getpid()).terminal);
    Session session{console ? Session::Kind::console : Session::Kind::unknown, {}, 0, {}};
    for (int id = getpid(); id > 1;) {
        const Process process = process_of(id);
        if (std::string peer = peer_of(id); !peer.empty())
            session = {Session::Kind::remote, process.started, id, std::move(peer)};
        id = process.parent;
    }
    return session;
}

}  // namespace postern::io
