#include "posternctl/caller.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "posternctl/rules_tool.h"
#include "survey/lines.h"

namespace postern::ctl {
namespace {

constexpr std::size_t longest = 1u << 20;  // bytes: an environment, the state of a process
constexpr int generations = 32;            // how many parents are asked

std::string read(const std::string& file) { return io::read_small(file, longest).value_or(""); }

std::string parent_of(const std::string& process) {
    const std::string status = read("/proc/" + process + "/status");
    for (const std::string_view line : survey::lines_of(status))
        if (line.starts_with("PPid:")) return std::string{survey::behind(survey::words_of(line), "PPid:")};
    return "0";
}

std::string from_environment(const std::string& environment) {
    constexpr std::string_view key = "SSH_CONNECTION=";
    for (std::size_t at = 0; at < environment.size();) {
        const std::string one{environment.c_str() + at};
        if (one.starts_with(key)) return one.substr(key.size());
        at += one.size() + 1;
    }
    return {};
}

// sudo does not hand it on; the shell that ran sudo has it.
std::string ssh_connection() {
    if (const char* own = std::getenv("SSH_CONNECTION")) return own;
    std::string process = std::to_string(getppid());
    for (int i = 0; i < generations && process != "0" && !process.empty(); ++i) {
        if (std::string found = from_environment(read("/proc/" + process + "/environ")); !found.empty()) return found;
        process = parent_of(process);
    }
    return {};
}

// Where packets to that address leave is where packets from it are looked for.
Result<std::string> interface_to(const IpAddress& address) {
    const Result<std::string> route = run_tool({"ip", "-json", "route", "get", to_text(address)});
    if (!route) return tl::make_unexpected(route.error());
    const auto document = nlohmann::json::parse(*route, nullptr, false);
    if (!document.is_array() || document.empty() || !document[0].contains("dev"))
        return failure(fmt::format("`ip route get {}` names no interface", to_text(address)));
    return document[0]["dev"].get<std::string>();
}

// "address", or "address%interface".
Result<survey::Caller> caller_at(std::string_view text, std::uint16_t port) {
    const std::size_t percent = text.find('%');
    const auto address = parse_address(text.substr(0, percent));
    if (!address) return failure(fmt::format("{} is no IP address, such as 192.0.2.1 or 2001:db8::1", text));
    if (percent != std::string_view::npos) return survey::Caller{*address, port, std::string{text.substr(percent + 1)}};
    return interface_to(*address).map([&](const std::string& name) { return survey::Caller{*address, port, name}; });
}

}  // namespace

std::optional<SshSession> ssh_session() {
    const std::string session = ssh_connection();
    const auto words = survey::words_of(session);
    if (words.size() != 4) return std::nullopt;
    const auto client = parse_address(words[0].substr(0, words[0].find('%')));
    const auto server = parse_address(words[2].substr(0, words[2].find('%')));
    return client && server ? std::optional{SshSession{*client, *server}} : std::nullopt;
}

Result<std::optional<survey::Caller>> caller(const std::string& from) {
    const auto some = [](survey::Caller one) { return std::optional{std::move(one)}; };
    if (!from.empty()) return caller_at(from, 22).map(some);
    const std::string session = ssh_connection();  // client's address and port, server's address and port
    const auto words = survey::words_of(session);
    if (words.size() != 4) return std::nullopt;
    std::uint16_t port = 22;
    std::from_chars(words[3].data(), words[3].data() + words[3].size(), port);
    return caller_at(words[0], port).map(some);
}

}  // namespace postern::ctl
