// What `posternctl init` was asked for, and what it says has to be done next.
#pragma once

#include <filesystem>
#include <string>

#include "posternctl/interview.h"
#include "posternctl/new_policy.h"

namespace postern::ctl {

struct InitOptions {
    NewPolicy policy;
    FirstClient client;
    bool take = false;  // every proposal
    std::string user;   // empty: postern, where it exists and init runs as root
    std::string group;  // empty: the user's own
};

// On the gateway: another client, the daemon, the rules.
void print_next_steps(const std::filesystem::path& policy, const InitOptions& options);

// The first client was made: what to do with its profile.
void print_clients_step(const InitOptions& options);

}  // namespace postern::ctl
