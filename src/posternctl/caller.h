// From where the operator works, and whether a new connection from there would be let in.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "survey/admission.h"

namespace postern::ctl {

// The two ends of the SSH session that this program runs in, also behind sudo. Nothing: it runs in none.
struct SshSession {
    IpAddress client, server;
};
[[nodiscard]] std::optional<SshSession> ssh_session();

// `from` as --from gave it; empty: the other end of the SSH session that this program runs in, also behind sudo.
// Nothing: no address was given and this is no such session.
[[nodiscard]] Result<std::optional<survey::Caller>> caller(const std::string& from);

}  // namespace postern::ctl
