// What the daemon offers on its control socket, and the dispatcher between a request line and it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/messages.h"

namespace postern::control {

// The daemon's side; posternd implements it. Threads: whichever one calls answer(), one call at a time.
class Service {
public:
    virtual ~Service() = default;

    [[nodiscard]] virtual Status status() = 0;
    [[nodiscard]] virtual std::vector<GrantRow> grants() = 0;
    [[nodiscard]] virtual std::vector<FlowRow> flows() = 0;

    // An error where nothing is known by that number or name.
    [[nodiscard]] virtual Result<RevokeReport> revoke(const RevokeRequest& request) = 0;

    // All or nothing: a report with mistakes has changed nothing. An error where the policy could not even be read.
    [[nodiscard]] virtual Result<ReloadReport> reload() = 0;

    // Whoever watches the rules says how they stand.
    virtual void guard(const GuardReport& report) = 0;

    // Reads which rules are in force. An error where that cannot be read; until it can, nothing is forwarded.
    [[nodiscard]] virtual Result<RulesetReport> ruleset() = 0;

    // What must outlive the daemon, as one JSON document. An error where nothing is kept.
    [[nodiscard]] virtual Result<std::string> state() = 0;
};

// The reply to one request line, both without newline. Whatever the line holds, there is a reply, and the service is
// asked only when the line is a request.
[[nodiscard]] std::string answer(std::string_view line, Service& service);

}  // namespace postern::control
