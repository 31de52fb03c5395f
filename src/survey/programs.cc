#include "survey/programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "rules/saved_rule.h"
#include "survey/lines.h"
#include "survey/nft_listing.h"
#include "survey/opening.h"

namespace postern::survey {
namespace {

struct Program {
    std::string_view name;
    std::string_view chain;  // what its chains begin with, in iptables
    std::string_view table;  // what its table's name ends with, in nft
    std::string_view text, advice;
};
constexpr Program programs[] = {
    {"firewalld", "FWD", "firewalld", "firewalld makes rules here and filters behind ours",
     "let it pass what services and `open` name (firewall-cmd --add-port), and run `posternctl rules check` after its "
     "reload"},
    {"ufw", "ufw-", " ufw", "ufw makes rules here and filters behind ours",
     "let it pass what services and `open` name (ufw allow), and run `posternctl rules check` after `ufw reload`"},
    {"Docker", "DOCKER", "docker-bridges", "Docker makes rules here; what it publishes is guarded like all else",
     "name each published port as a service without `to`; a restart of Docker leaves our rules where they are"},
};

bool has_chain(const rules::Saved& saved, std::string_view prefix) {
    return std::ranges::any_of(saved, [&](const rules::SavedTable& table) {
        return std::ranges::any_of(table.chains, [&](const std::string& chain) { return chain.starts_with(prefix); });
    });
}

bool has_table(std::string_view listing, std::string_view suffix) {
    return std::ranges::any_of(foreign_tables(listing),
                               [&](const std::string& table) { return table.ends_with(suffix); });
}

// A destination that no packet from outside bears.
bool is_loopback(std::string_view destination) {
    return destination.starts_with("127.") || destination.starts_with("::1");
}

Finding told(const std::string& port, std::string_view chain) {
    const bool docker = chain == "DOCKER";
    return {"published",
            fmt::format("{} sends {} elsewhere, and no service and no `open` names it: new connections to it through a "
                        "guarded interface are dropped",
                        docker ? "Docker" : "a DNAT rule", port),
            fmt::format("name it as it is sent, without `to`: services: {{NAME: {{ports: [{}]}}}}", port)};
}

}  // namespace

void find_programs(const rules::Saved& saved, std::string_view nft_listing, Findings& findings) {
    for (const Program& program : programs)
        if (has_chain(saved, program.chain) || has_table(nft_listing, program.table))
            findings.push_back({"program", std::string{program.text}, std::string{program.advice}});
}

void find_published(const Policy& policy, const rules::Saved& saved, Findings& findings) {
    std::set<std::string> seen;
    for (const rules::SavedTable& table : saved) {
        if (table.name != "nat") continue;
        for (const std::string& rule : table.rules) {
            const auto words = words_of(rule);
            const std::string_view target = rules::target_of(rule), port = behind(words, "--dport");
            if ((target != "DNAT" && target != "REDIRECT") || rules::chain_of(rule) == "OUTPUT") continue;
            std::uint16_t number = 0;
            std::from_chars(port.data(), port.data() + port.size(), number);
            const Transport transport = behind(words, "-p") == "udp" ? Transport::udp : Transport::tcp;
            if (number == 0 || is_loopback(behind(words, "-d")) || is_named(policy, transport, number)) continue;
            if (seen.insert(port_word(transport, number)).second)
                findings.push_back(told(port_word(transport, number), rules::chain_of(rule)));
        }
    }
}

}  // namespace postern::survey
