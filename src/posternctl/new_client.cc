#include "posternctl/new_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "posternctl/new_files.h"
#include "posternctl/secrets.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

struct Keys {
    noise::KeyPair pair;
    noise::Secret psk;
};

std::string base64(const noise::Secret& secret) { return noise::to_base64(secret.bytes()); }

std::string ports_text(const Service& service) {
    std::vector<std::string> words;
    for (const auto& [transport, range] : service.ports) {
        const std::string_view name = transport == Transport::tcp ? "tcp" : "udp";
        words.push_back(range.first == range.last ? fmt::format("{}/{}", name, range.first)
                                                  : fmt::format("{}/{}-{}", name, range.first, range.last));
    }
    return fmt::format("[{}]", fmt::join(words, ", "));
}

// What the gateway keeps: nothing in it is secret.
std::string client_text(const NewClient& client, const Keys& keys) {
    std::string text = fmt::format("services: [{}]\nspa:\n  public_key: {}\n", fmt::join(client.services, ", "),
                                   noise::to_base64(keys.pair.public_key));
    if (client.psk) text += fmt::format("  preshared_key_file: {}.psk\n", client.name);
    if (!client.expires.empty()) text += fmt::format("expires: {}\n", client.expires);
    return text;
}

std::string profile_text(const NewClient& client, const Policy& policy, const Keys& keys) {
    const Gateway& gateway = policy.gateway;
    std::string text = fmt::format("# {} at {}: whoever has this file is {}. Keep it readable by its user alone.\n",
                                   client.name, gateway.name, client.name);
    text += fmt::format("gateway:\n  host: \"{}\"\n  port: {}\n  name: \"{}\"\n  public_key: {}\n",
                        client.host.empty() ? gateway.name : client.host, gateway.spa.front().first, gateway.name,
                        noise::to_base64(gateway.keys.front().pair.public_key));
    text += fmt::format("client:\n  private_key: {}\n", base64(keys.pair.private_key));
    if (client.psk) text += fmt::format("  preshared_key: {}\n", base64(keys.psk));
    text += "services:\n";
    for (const auto& name : client.services)
        text += fmt::format("  \"{}\": {}\n", name, ports_text(*policy.service(name)));
    return text;
}

Result<void> check(const NewClient& client, const Policy& policy) {
    for (const auto& name : client.services)
        if (policy.service(name) == nullptr)
            return failure(fmt::format("no service {}; the policy has {}", name, service_names(policy)));
    const auto same = [&](const Client& other) { return other.name == client.name; };
    if (std::any_of(policy.clients.begin(), policy.clients.end(), same))
        return failure(fmt::format("there is a client {} already; `posternctl clients list` shows all", client.name));
    return {};
}

// The group that may read the policy may read the client, too.
Owner owner_like(const fs::path& file) {
    struct stat status {};
    if (::geteuid() != 0 || ::stat(file.c_str(), &status) != 0) return {};
    return {static_cast<uid_t>(-1), status.st_gid};
}

Result<void> still_loads(const fs::path& policy_file) {
    Names names;
    const auto loaded = config::load(policy_file, names);
    if (loaded) return {};
    return failure(config::to_text(loaded.error().front()));
}

}  // namespace

std::string service_names(const Policy& policy) {
    std::vector<std::string> names;
    for (const Service& service : policy.services) names.push_back(service.name);
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

fs::path client_file(const fs::path& policy, const std::string& name) {
    return policy.parent_path() / "clients.d" / (name + ".yaml");
}

fs::path psk_file(const fs::path& policy, const std::string& name) {
    return policy.parent_path() / "clients.d" / (name + ".psk");
}

Result<void> make_client(const NewClient& client, const fs::path& policy_file, const Policy& policy) {
    if (auto fits = check(client, policy); !fits) return fits;
    const Keys keys{draw_key_pair(), draw_secret()};
    const Owner owner = owner_like(policy_file);
    const fs::path file = client_file(policy_file, client.name);
    NewFiles files;
    const auto done =
        files.make_directory(file.parent_path(), 0750, owner)
            .and_then([&] { return files.make_file(client.profile, profile_text(client, policy, keys), 0600); })
            .and_then([&]() -> Result<void> {
                if (!client.psk) return {};
                return files.make_file(psk_file(policy_file, client.name), base64(keys.psk) + "\n", 0640, owner);
            })
            .and_then([&] { return files.make_file(file, client_text(client, keys), 0640, owner); })
            .and_then([&] { return still_loads(policy_file); });
    if (done) files.keep();
    return done;
}

}  // namespace postern::ctl
