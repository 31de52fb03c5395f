#include "posternctl/socket_programs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>

#include "io/files.h"

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
    return name;
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

void name_programs(std::vector<survey::Listener>& listeners) {
    const Owners found = owners();
    for (survey::Listener& listener : listeners)
        if (const auto owner = found.find(listener.inode); owner != found.end()) listener.program = owner->second;
}

}  // namespace postern::ctl
