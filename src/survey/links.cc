#include "survey/links.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rules/admits.h"
#include "survey/opening.h"

namespace postern::survey {
namespace {

using nlohmann::json;

std::string word(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<IpAddress> addresses(const json& link) {
    std::vector<IpAddress> all;
    if (!link.contains("addr_info")) return all;
    for (const json& one : link["addr_info"])
        if (const auto address = parse_address(word(one, "local"))) all.push_back(*address);
    return all;
}

bool is_up(const json& link) {
    return link.contains("flags") && std::ranges::find(link["flags"], json("UP")) != link["flags"].end();
}

Link read(const json& link) {
    Link one;
    one.index = link.value("ifindex", 0u);
    one.name = word(link, "ifname");
    one.kind = link.contains("linkinfo") ? word(link["linkinfo"], "info_kind") : "";
    one.master = word(link, "master");
    one.up = is_up(link);
    one.addresses = addresses(link);
    return one;
}

// What carries the packets of a tunnel.
struct Carrier {
    std::string_view kind;
    std::uint8_t protocol;
};
constexpr Carrier carriers[] = {{"gre", IPPROTO_GRE},    {"gretap", IPPROTO_GRE},    {"erspan", IPPROTO_GRE},
                                {"ip6gre", IPPROTO_GRE}, {"ip6gretap", IPPROTO_GRE}, {"ip6erspan", IPPROTO_GRE},
                                {"ipip", IPPROTO_IPIP},  {"sit", IPPROTO_IPV6},      {"ip6tnl", IPPROTO_IPV6}};

std::string advice_for(const Link& link, const Link* master) {
    if (master != nullptr && master->kind == "bridge")
        return fmt::format("name the bridge in its place: gateway: {{interfaces: [{}]}}; what it only bridges passes",
                           link.master);
    return fmt::format("name that in its place: gateway: {{interfaces: [{}]}}", link.master);
}

}  // namespace

Result<Links> parse_links(std::string_view text) {
    const json document = json::parse(text, nullptr, false);
    if (!document.is_array())
        return failure("`ip -json address show` printed something else than a list of interfaces");
    Links links;
    for (const json& link : document)
        if (link.is_object() && link.contains("ifname")) links.push_back(read(link));
    return links;
}

const Link* find(const Links& links, std::string_view name) {
    const auto found = std::ranges::find(links, name, &Link::name);
    return found == links.end() ? nullptr : &*found;
}

const Link* find(const Links& links, unsigned index) {
    const auto found = std::ranges::find(links, index, &Link::index);
    return found == links.end() ? nullptr : &*found;
}

// A VRF is no such case: its members' packets come in under their own names first, and are judged there.
void find_enslaved(const Policy& policy, const Links& links, Findings& findings) {
    for (const Link& link : links) {
        if (link.master.empty() || !rules::guards_interface(policy, link.name) ||
            rules::guards_interface(policy, link.master))
            continue;
        const Link* master = find(links, link.master);
        if (master != nullptr && master->kind == "vrf") continue;
        const std::string what = master == nullptr || master->kind.empty() ? "interface" : master->kind;
        findings.push_back(
            {"enslaved",
             fmt::format("{} is part of the {} {}: its packets come in under that name and are not guarded", link.name,
                         what, link.master),
             advice_for(link, master)});
    }
}

void find_tunnels(const Policy& policy, const Links& links, Findings& findings) {
    for (const Link& link : links) {
        const auto carrier = std::ranges::find(carriers, link.kind, &Carrier::kind);
        if (carrier == std::end(carriers) || !link.up || is_open(policy, carrier->protocol)) continue;
        findings.push_back(
            {"tunnel",
             fmt::format("the tunnel {} ({}) gets packets of IP protocol {}: what its peer sends first to "
                         "a guarded interface is dropped",
                         link.name, link.kind, carrier->protocol),
             open_advice(carrier->protocol)});
    }
}

}  // namespace postern::survey
