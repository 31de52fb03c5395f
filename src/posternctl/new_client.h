// `posternctl clients add`: a client's keys, its file in clients.d/ and its profile, made in one step.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"

namespace postern::ctl {

struct NewClient {
    std::string name;
    std::vector<std::string> services;
    std::filesystem::path profile;  // where the profile is written; must not exist
    std::string host;               // where the client finds the gateway; empty: the gateway's name
    std::string expires;            // YYYY-MM-DD; empty: never
    bool psk = true;
};

// The names that `policy` offers, "ssh, pg".
[[nodiscard]] std::string service_names(const Policy& policy);

// Where a client's file and preshared key live, for a policy file.
[[nodiscard]] std::filesystem::path client_file(const std::filesystem::path& policy, const std::string& name);
[[nodiscard]] std::filesystem::path psk_file(const std::filesystem::path& policy, const std::string& name);

// Makes all of it or nothing: the policy is loaded again with the new client before anything is kept.
[[nodiscard]] Result<void> make_client(const NewClient& client, const std::filesystem::path& policy_file,
                                       const Policy& policy);

}  // namespace postern::ctl
