#include "config/secrets.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/files.h"

namespace postern::config {
namespace {

// What is wrong with a file, and who makes one where there is none.
std::string complaint(const std::filesystem::path& file, const Error& error) {
    return error.text + (is_missing(file) ? "; posternctl init makes it" : "");
}

void read_gateway_key(const Written& name, Draft& draft, Mistakes& mistakes) {
    const std::filesystem::path file = beside(name.place, name.value);
    const auto secret = read_secret(file);
    if (!secret)
        return mistakes.add(name.place, "gateway.private_key_files",
                            fmt::format("{} {}", file.string(), complaint(file, secret.error())));
    const noise::KeyPair pair = noise::KeyPair::from(*secret);
    const auto same = [&](const spa::GatewayKey& other) { return other.pair.public_key == pair.public_key; };
    if (std::any_of(draft.gateway.keys.begin(), draft.gateway.keys.end(), same))
        return mistakes.add(name.place, "gateway.private_key_files",
                            "got the same key in two files, expected two keys");
    draft.gateway.keys.push_back({pair, spa::GatewayFace::of(pair.public_key)});
    const std::filesystem::path marker = file.string() + ".fresh";
    if (is_there(marker)) draft.settings.fresh_keys.push_back({pair.public_key, marker});
}

void read_preshared_key(ClientDraft& client, Mistakes& mistakes) {
    if (!client.preshared_key_file) return;
    const auto& [name, place] = *client.preshared_key_file;
    const std::filesystem::path file = beside(place, name);
    if (const auto secret = read_secret(file))
        client.client.psk = *secret;
    else
        mistakes.add(place, fmt::format("clients.{}.spa.preshared_key_file", client.client.name),
                     fmt::format("{} {}", file.string(), secret.error().text));
}

void read_steering_seed(Settings& settings, Mistakes& mistakes) {
    const std::filesystem::path& file = settings.steering_seed_file;
    if (const auto seed = read_seed(file))
        settings.steering_seed = *seed;
    else
        mistakes.add({file.string(), 0, 0},
                     complaint(file, seed.error()) +
                         (is_missing(file) ? ", or `od -An -tx4 -N4 /dev/urandom | tr -d ' '`, with mode 0640" : ""));
}

}  // namespace

void read_secrets(Draft& draft, Mistakes& mistakes) {
    for (const Written& name : draft.private_key_files) read_gateway_key(name, draft, mistakes);
    for (ClientDraft& client : draft.clients) read_preshared_key(client, mistakes);
    read_steering_seed(draft.settings, mistakes);
}

void compute_products(Draft& draft, Mistakes& mistakes) {
    for (ClientDraft& client : draft.clients)
        for (const spa::GatewayKey& own : draft.gateway.keys) {
            if (auto product = noise::diffie_hellman(own.pair.private_key, client.public_key->value))
                client.client.static_static.push_back(*product);
            else
                mistakes.add(client.public_key->place, fmt::format("clients.{}.spa.public_key", client.client.name),
                             "does not combine with the gateway's key, expected one from postern keygen");
        }
}

}  // namespace postern::config
