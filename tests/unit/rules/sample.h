// A policy to render, and the lines of what it renders to.
#pragma once

#include <string>
#include <vector>

#include "rules/ruleset.h"

namespace postern::test {

inline Policy sample_policy() {
    Policy policy;
    policy.gateway.name = "gw1.example.net";
    policy.gateway.interfaces = {"wan0", "ppp*"};
    policy.gateway.spa = {{62201, 62201}, {500, 510}};
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/28"), *parse_prefix("2001:db8::/64")};
    return policy;
}

// The same with everything that adds a rule.
inline Policy full_policy() {
    Policy policy = sample_policy();
    policy.gateway.unmatched = Unmatched::pass;
    policy.gateway.open = {{{{1, Family::v4, {}, std::uint8_t{8}}, {58, Family::v6, {}, std::uint8_t{128}}}, {}, {}},
                           {{{6, {}, PortRange{443, 443}, {}}}, {*parse_prefix("192.0.2.0/24")}, {}},
                           {{{112, {}, {}, {}}}, {}, {}}};
    Service ssh, pg, admin;
    ssh.name = "ssh";
    ssh.ports = {{Transport::tcp, {22, 22}}};
    pg.name = "pg";
    pg.ports = {{Transport::tcp, {5432, 5432}}, {Transport::udp, {53, 54}}};
    pg.to = {*parse_prefix("198.51.100.5"), *parse_prefix("2001:db8:5::/64")};
    admin.name = "admin";
    admin.ports = {{Transport::tcp, {8443, 8443}}};
    admin.forward_to = {{*parse_address("10.0.0.7"), 443}, {*parse_address("2001:db8:9::7"), 443}};
    admin.mark = forward_mark(2);
    policy.services = {ssh, pg, admin};
    return policy;
}

inline constexpr rules::Inputs sample_inputs{.steering_seed = 0x5eed1234, .first_queue = 10};

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        const std::size_t first = text.find_first_not_of(' ', at);
        lines.push_back(text.substr(first, end - first));
        at = end + 1;
    }
    return lines;
}

// The lines that contain a text.
inline std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(text))
        if (line.find(part) != std::string::npos) found.push_back(line);
    return found;
}

// The rules of an nft chain, its type line left out.
inline std::vector<std::string> nft_chain(const std::string& text, const std::string& name) {
    std::vector<std::string> rules;
    bool inside = false;
    for (const std::string& line : lines_of(text)) {
        if (inside && line == "}") return rules;
        if (inside && !line.starts_with("type ")) rules.push_back(line);
        if (line == "chain " + name + " {") inside = true;
    }
    return rules;
}

}  // namespace postern::test
