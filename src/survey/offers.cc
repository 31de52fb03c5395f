#include "survey/offers.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "survey/opening.h"

namespace postern::survey {
namespace {

using nlohmann::json;
using Key = std::pair<Transport, std::uint16_t>;

constexpr std::uint16_t discovery[] = {137, 138, 1900, 3702, 5353, 5355};

// Letters, digits and dashes: what a policy takes as a name.
std::string plain(std::string word) {
    std::erase_if(word, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; });
    return word;
}

std::string name_of(Key key, const std::string& program) {
    if (key == Key{Transport::tcp, 22}) return "ssh";
    const std::string name = plain(program);
    return name.empty() ? (key.first == Transport::tcp ? "tcp" : "udp") + std::to_string(key.second) : name;
}

bool is_discovery(Key key) {
    return key.first == Transport::udp && std::ranges::find(discovery, key.second) != std::end(discovery);
}

// A name that two ports would have gets the port behind it.
void tell_apart(std::vector<Offer>& all) {
    std::map<std::string, int> times;
    for (const Offer& one : all) ++times[one.service];
    for (Offer& one : all)
        if (times[one.service] > 1) one.service += '-' + plain(one.port);
}

}  // namespace

std::vector<Offer> offers(const std::vector<Listener>& listeners, Ports chosen) {
    std::map<Key, std::string> programs;
    for (const Listener& one : listeners) {
        const Key key{one.transport, one.port};
        if (waits_for_strangers(one, chosen) && !is_discovery(key)) programs.try_emplace(key, one.program);
    }
    std::vector<Offer> all;
    for (const auto& [key, program] : programs)
        all.push_back({port_word(key.first, key.second), program, name_of(key, program)});
    tell_apart(all);
    return all;
}

Result<std::vector<std::string>> ways_out(std::string_view routes4, std::string_view routes6) {
    std::vector<std::string> names;
    for (const std::string_view text : {routes4, routes6}) {
        if (text.find_first_not_of(" \n") == text.npos) continue;  // none
        const json routes = json::parse(text, nullptr, false);
        if (!routes.is_array()) return failure("`ip -json route show default` prints no JSON list");
        for (const json& route : routes) {
            const std::string name = route.is_object() ? route.value("dev", "") : "";
            if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
        }
    }
    return names;
}

}  // namespace postern::survey
