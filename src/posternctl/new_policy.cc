#include "posternctl/new_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

namespace postern::ctl {
namespace {

bool is_plain(const std::string& word) {
    const auto fits = [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view{"._-*/:@+"}.find(static_cast<char>(c)) != std::string_view::npos;
    };
    return !word.empty() && std::all_of(word.begin(), word.end(), fits);
}

std::string quoted(const std::vector<std::string>& words) {
    std::vector<std::string> list;
    for (const auto& word : words) list.push_back(fmt::format("\"{}\"", word));
    return fmt::format("[{}]", fmt::join(list, ", "));
}

// A path in double quotes, as YAML reads it.
std::string quoted_path(const std::string& path) {
    std::string text = "\"";
    for (const char c : path) text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    return text + '"';
}

std::string service_line(const std::string& text) {
    const auto parts = CLI::detail::split(text, '=');
    return fmt::format("  {}: {{ports: [{}]}}\n", parts[0], fmt::join(CLI::detail::split(parts[1], ','), ", "));
}

}  // namespace

std::string check_plain(const std::string& word) {
    return is_plain(word) ? "" : fmt::format("got \"{}\", expected letters, digits and . _ - * / :", word);
}

std::string check_service(const std::string& text) {
    const auto parts = CLI::detail::split(text, '=');
    const bool fits = parts.size() == 2 && is_plain(parts[0]) && !parts[1].empty();
    const auto ports = fits ? CLI::detail::split(parts[1], ',') : std::vector<std::string>{};
    if (fits && std::all_of(ports.begin(), ports.end(), is_plain)) return "";
    return fmt::format("got \"{}\", expected NAME=PORTS such as ssh=tcp/22 or dns=udp/53,tcp/53", text);
}

std::vector<std::string> service_words(const NewPolicy& policy) {
    std::vector<std::string> words;
    for (const std::string& service : policy.services) words.push_back(service.substr(0, service.find('=')));
    return words;
}

std::string policy_text(const NewPolicy& policy) {
    std::string text =
        "# What this gateway guards and whom it lets in. postern.yaml(5) explains every key;\n"
        "# `posternctl check` finds mistakes, `posternctl reload` makes changes count.\n";
    text += fmt::format(
        "gateway:\n  name: \"{}\"\n  interfaces: {}\n  spa: [udp/62201]\n"
        "  private_key_files: [gateway.key]\n",
        policy.name, quoted(policy.interfaces));
    if (!policy.break_glass.empty()) text += fmt::format("  break_glass: {}\n", quoted(policy.break_glass));
    if (!policy.open.empty()) text += fmt::format("  open: {}\n", quoted(policy.open));
    text += "services:\n";
    for (const auto& service : policy.services) text += service_line(service);
    const bool usual = policy.state == NewPolicy{}.state;  // then the package has made room for the anchor, too
    text += fmt::format("log: {{file: {}}}\ncontrol: {{socket: {}}}\nstate:\n  directory: {}\n{}",
                        quoted_path(policy.log), quoted_path(policy.socket), quoted_path(policy.state),
                        usual ? "  anchor: /var/cache/postern/anchor\n" : "");
    return text + "# Clients: one file each in clients.d/, made by `posternctl clients add`.\n";
}

}  // namespace postern::ctl
