#include "control/service.h"

namespace postern::control {
namespace {

Reply success(std::string result) { return {true, std::move(result), {}, {}}; }

Reply refusal(std::string error, std::vector<std::string> mistakes = {}) {
    return {false, {}, std::move(error), std::move(mistakes)};
}

Reply revoke(const RevokeRequest& request, Service& service) {
    const auto report = service.revoke(request);
    return report ? success(to_json(*report)) : refusal(report.error().text);
}

Reply reload(Service& service) {
    auto report = service.reload();
    if (!report) return refusal(report.error().text);
    if (report->mistakes.empty()) return success(to_json(*report));
    const std::size_t count = report->mistakes.size();
    return refusal("the policy is not taken, for " + std::to_string(count) + (count == 1 ? " reason" : " reasons") +
                       "; the one before stays in force",
                   std::move(report->mistakes));
}

Reply ruleset(Service& service) {
    const auto report = service.ruleset();
    return report ? success(to_json(*report)) : refusal(report.error().text);
}

Reply state(Service& service) {
    auto document = service.state();
    return document ? success(std::move(*document)) : refusal(document.error().text);
}

Reply ask(const Request& request, Service& service) {
    switch (request.command) {
        case Command::status: return success(to_json(service.status()));
        case Command::grants: return success(to_json(service.grants()));
        case Command::flows: return success(to_json(service.flows()));
        case Command::revoke: return revoke(request.revoke, service);
        case Command::reload: return reload(service);
        case Command::guard: return service.guard(request.guard), success("{}");
        case Command::ruleset: return ruleset(service);
        case Command::state: return state(service);
        case Command::follow: break;  // no question with an answer; the daemon takes it before it comes here
    }
    return refusal("the command is not in this version");
}

}  // namespace

std::string answer(std::string_view line, Service& service) {
    const auto request = parse_request(line);
    return to_line(request ? ask(*request, service) : refusal(request.error().text));
}

}  // namespace postern::control
