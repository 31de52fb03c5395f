// The first policy of a gateway: what init writes, and what fits into it.
#pragma once

#include <string>
#include <vector>

namespace postern::ctl {

struct NewPolicy {
    std::string name;
    std::vector<std::string> interfaces;
    std::vector<std::string> services;  // NAME=PORTS
    std::vector<std::string> open;
    std::vector<std::string> break_glass;
    std::string log = "/var/log/postern/verdicts.json";
    std::string socket = "/run/postern/control.sock";
    std::string state = "/var/lib/postern";
};

// Its services' names.
[[nodiscard]] std::vector<std::string> service_words(const NewPolicy& policy);

[[nodiscard]] std::string policy_text(const NewPolicy& policy);

// Words go into the policy as they are: whatever YAML could read differently is refused here, the rest by the loader.
// Empty: it fits; otherwise what came and what was expected. A service is NAME=PORTS[,PORTS].
[[nodiscard]] std::string check_plain(const std::string& word);
[[nodiscard]] std::string check_service(const std::string& text);

}  // namespace postern::ctl
