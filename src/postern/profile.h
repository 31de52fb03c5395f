// A profile: one gateway, one client's keys and the services they open there. postern-profile(5) explains every key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "packet/view.h"
#include "postern/source.h"
#include "spa/postern.h"

namespace postern::client {

struct PortRange {
    Transport transport = Transport::tcp;  // tcp or udp
    std::uint16_t first = 0;
    std::uint16_t last = 0;  // included
};

struct Service {
    std::string name;
    std::vector<PortRange> ports;

    [[nodiscard]] bool has(Transport transport, std::uint16_t port) const noexcept;
};

struct Profile {
    std::filesystem::path file;
    std::string host;               // a name or an address of the gateway
    std::uint16_t port = 62201;     // where it listens for SPA, UDP
    spa::Sender sender;             // the keys, and the gateway's canonical name
    std::vector<Service> services;  // in the order of the file
    SourceMode source = SourceMode::automatic;

    [[nodiscard]] const Service* service(const std::string& name) const noexcept;
    // The first service with this port; null where there is none.
    [[nodiscard]] const Service* service(Transport transport, std::uint16_t port) const noexcept;
    // "ssh, pg": for messages.
    [[nodiscard]] std::string service_names() const;
};

// Every mistake, one line each: file:line:column: key: got ..., expected ...
using Mistakes = std::vector<std::string>;

// Reads a profile and the key files it names. All mistakes at once. Warns on standard error where others may read a
// secret.
[[nodiscard]] tl::expected<Profile, Mistakes> load_profile(const std::filesystem::path& file);

// Where --profile's word points: NAME.yaml in the profile directory if it is there, otherwise the word as a file.
// An empty word is `default`, or the only profile there is.
[[nodiscard]] Result<std::filesystem::path> find_profile(const std::string& word);

// $XDG_CONFIG_HOME/postern, or ~/.config/postern.
[[nodiscard]] std::filesystem::path profile_directory();

}  // namespace postern::client
