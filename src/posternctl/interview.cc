#include "posternctl/interview.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>

#include "config/values.h"
#include "survey/lines.h"

namespace postern::ctl {
namespace {

using Check = std::function<std::string(const std::string&)>;  // empty: it fits

// Why an answer does not come: the input is over. Inside of interview() it travels as an exception.
struct NobodyAnswers {};

std::string without_blanks(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string ask(const std::string& question, const std::string& proposal, const Check& check) {
    for (;;) {
        fmt::print("{}{}: ", question, proposal.empty() ? "" : fmt::format(" [{}]", proposal));
        std::fflush(stdout);
        std::string answer;
        if (!std::getline(std::cin, answer)) throw NobodyAnswers{};
        answer = without_blanks(answer);
        if (answer.empty()) answer = proposal;
        const std::string mistake = check(answer);
        if (mistake.empty()) return answer;
        fmt::print("  {}\n", mistake);
    }
}

// One letter of several.
char choose(const std::string& question, const std::string& letters) {
    const auto check = [&](const std::string& answer) {
        const bool fits = answer.size() == 1 && letters.find(answer) != letters.npos;
        return fits ? "" : fmt::format("got \"{}\", expected one of {}", answer, fmt::join(letters, ", "));
    };
    return ask(question, letters.substr(0, 1), check).front();
}

std::vector<std::string> words_of(std::string text) {
    std::ranges::replace(text, ',', ' ');
    std::vector<std::string> words;
    for (const std::string_view word : survey::words_of(text)) words.emplace_back(word);
    return words;
}

std::string check_interfaces(const std::string& text) {
    const auto words = words_of(text);
    if (words.empty()) return "expected at least one interface; `ip link` shows them";
    for (const std::string& word : words)
        if (auto mistake = check_plain(word); !mistake.empty()) return mistake;
    return "";
}

std::string named(const survey::Offer& offer) {
    return offer.program.empty() ? offer.port : fmt::format("{} ({})", offer.port, offer.program);
}

void ask_for_ports(const HostOffers& offers, NewPolicy& policy) {
    for (const survey::Offer& offer : offers.ports) {
        const char kind = choose(named(offer) +
                                     " waits for strangers: a service for clients, open to everybody, or "
                                     "closed? s, o or c",
                                 "soc");
        if (kind == 's') policy.services.push_back(offer.service + '=' + offer.port);
        if (kind == 'o') policy.open.push_back(offer.port);
    }
}

void ask_for_glass(const SshSession& session, NewPolicy& policy) {
    const std::string address = to_text(session.client);
    const char yes = choose(fmt::format("You come from {} over ssh. Keep ssh and echo open from there, whatever "
                                        "happens? y or n",
                                        address),
                            "yn");
    if (yes == 'y') policy.break_glass.push_back(address);
}

std::string check_profile(const std::string& file) {
    std::error_code error;
    return std::filesystem::exists(file, error) ? file + " exists already" : "";
}

void ask_for_client(const HostOffers& offers, const NewPolicy& policy, FirstClient& client) {
    if (client.name.empty()) client.name = ask("The first client, a device; nothing: none yet", "", check_client);
    if (client.name.empty()) return;
    if (client.host.empty())
        client.host = ask("Where it finds this gateway, a name or an address",
                          offers.session ? to_text(offers.session->server) : policy.name, check_plain);
    if (client.profile.empty())
        client.profile =
            ask("Its profile, with its private key, goes to the file", client.name + ".yaml", check_profile);
}

std::vector<std::string> all_services(const HostOffers& offers) {
    std::vector<std::string> services;
    for (const survey::Offer& offer : offers.ports) services.push_back(offer.service + '=' + offer.port);
    return services;
}

}  // namespace

std::string check_client(const std::string& name) {
    return name.empty() || config::word_name(name)
               ? ""
               : fmt::format("got \"{}\", expected letters, digits, dots, dashes and underscores", name);
}

Result<void> interview(const HostOffers& offers, NewPolicy& policy, FirstClient& client) try {
    if (policy.name.empty())
        policy.name = ask("The gateway's name, a part of every message; clients have it letter by letter", offers.name,
                          check_plain);
    if (policy.interfaces.empty())
        policy.interfaces = words_of(
            ask("Interfaces to guard", fmt::format("{}", fmt::join(offers.interfaces, " ")), check_interfaces));
    if (policy.services.empty()) ask_for_ports(offers, policy);
    if (policy.break_glass.empty() && offers.session) ask_for_glass(*offers.session, policy);
    ask_for_client(offers, policy, client);
    return {};
} catch (const NobodyAnswers&) {
    return failure("the answers ended before all was said: nothing is made");
}

Result<void> take_offers(const HostOffers& offers, NewPolicy& policy) {
    if (policy.name.empty()) policy.name = offers.name;
    if (policy.interfaces.empty()) policy.interfaces = offers.interfaces;
    if (policy.services.empty()) policy.services = all_services(offers);
    if (policy.name.empty()) return failure("this host has no name to propose: give --name");
    if (policy.interfaces.empty()) return failure("this host has no default route to propose: give --interface");
    return {};
}

std::string as_flags(const HostOffers& offers) {
    std::string flags = "--name " + (offers.name.empty() ? "NAME" : offers.name);
    for (const std::string& name : offers.interfaces) flags += " --interface " + name;
    if (offers.interfaces.empty()) flags += " --interface INTERFACE";
    for (const std::string& service : all_services(offers)) flags += " --service " + service;
    return flags;
}

}  // namespace postern::ctl
