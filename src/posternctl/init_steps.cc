// What has to be done once `posternctl init` has made a policy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "posternctl/init.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view usual_policy = "/etc/postern/postern.yaml";

// The line that makes the directories of the defaults, where they are used and not there.
std::string missing_directories(const InitOptions& options) {
    const NewPolicy usual;
    const NewPolicy& policy = options.policy;
    std::string missing;
    for (const auto& [chosen, file] : {std::pair{policy.log, usual.log}, {policy.socket, usual.socket}}) {
        const std::string directory = fs::path{file}.parent_path().string();
        std::error_code error;
        if (chosen == file && !fs::exists(directory, error)) missing += ' ' + directory;
    }
    if (missing.empty()) return "";
    const std::string user = options.user.empty() ? "postern" : options.user;
    return fmt::format("  install -d -o {} -g {}{}\n", user, options.group.empty() ? user : options.group, missing);
}

// With the units of a package, or without.
std::string start_lines(const fs::path& policy, const InitOptions& options) {
    std::error_code error;
    if (policy == usual_policy && fs::exists("/run/systemd/system", error))
        return "  systemctl enable --now posternd\n";
    return missing_directories(options) + fmt::format("  posternd -c {}\n", policy.string());
}

}  // namespace

void print_next_steps(const fs::path& policy, const InitOptions& options) {
    const std::string command =
        policy == usual_policy ? "posternctl" : fmt::format("posternctl -c {}", policy.string());
    fmt::print("next, here:\n");
    if (options.client.name.empty())
        fmt::print("  {} clients add NAME --services {} --out NAME.yaml\n", command,
                   fmt::join(service_words(options.policy), ","));
    fmt::print("  {} check\n{}", command, start_lines(policy, options));
    fmt::print("  {} rules apply --confirm 60s    (new connections on {} are judged from then on)\n", command,
               fmt::join(options.policy.interfaces, ", "));
    fmt::print("  {} rules confirm    (over a new connection, or the rules are taken back)\n", command);
    if (policy == usual_policy) fmt::print("  systemctl enable --now postern-rules    (from now on and at boot)\n");
}

void print_clients_step(const InitOptions& options) {
    const std::string& name = options.client.name;
    fmt::print(
        "made the client {0}; its profile {1} holds its private key: hand it over on a safe way, delete it here\n"
        "next, at {0}'s, with the profile as ~/.config/postern/{2}.yaml:\n"
        "  ssh -o ProxyCommand='postern --profile {2} connect %h %p' {3}\n",
        name, options.client.profile, options.policy.name.substr(0, options.policy.name.find('.')),
        options.client.host.empty() ? options.policy.name : options.client.host);
}

}  // namespace postern::ctl
