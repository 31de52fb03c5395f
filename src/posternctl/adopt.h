// Sessions older than the first rule that tracks connections: the rules would take their next packets for new ones.
//
// A TCP session of this host is entered into conntrack as it is; one that passes through is tracked from its next
// packet on, so that every one that speaks while nothing is judged yet is known when the judging begins.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::ctl {

// How long to track before judging. Zero: adopt nothing. None given: five seconds on a host that forwards packets where
// nothing was tracked before; else no time, which adopts the host's own sessions alone.
using AdoptionTime = std::optional<std::chrono::seconds>;

// As the policy writes durations, 0s to 10m; what is wrong with the text, empty where nothing is.
[[nodiscard]] std::string read_adoption_time(const std::string& text, AdoptionTime& time);

// Adopts where no rule of ours is loaded, and says so on `out`. `backend` is the one that will judge,
// `iptables` the kind of tool. After an Error nothing judges yet, and sessions may be lost when the rules go in.
[[nodiscard]] Result<void> adopt(std::string_view backend, const std::string& iptables, AdoptionTime time,
                                 std::FILE* out);

}  // namespace postern::ctl
