// A policy of one guarded interface and one service, for judging hosts by.
#pragma once

#include <algorithm>
#include <string>

#include "catch.h"
#include "survey/finding.h"

namespace postern::test {

inline Policy policy_guarding(std::vector<std::string> interfaces) {
    Policy policy;
    policy.gateway.interfaces = std::move(interfaces);
    policy.gateway.spa = {{62201, 62201}};
    Service ssh;
    ssh.name = "ssh";
    ssh.ports = {{Transport::tcp, {22, 22}}};
    policy.services.push_back(ssh);
    return policy;
}

// The kinds of the findings, in order, between blanks.
inline std::string kinds(const survey::Findings& findings) {
    std::string all;
    for (const survey::Finding& one : findings) all += (all.empty() ? "" : " ") + std::string{one.kind};
    return all;
}

inline bool says(const survey::Findings& findings, std::string_view text) {
    return std::ranges::any_of(
        findings, [&](const survey::Finding& one) { return to_text(one).find(text) != std::string::npos; });
}

}  // namespace postern::test
