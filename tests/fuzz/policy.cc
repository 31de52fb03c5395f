// The policy compiler over documents made of the schema, and over any bytes. What is refused is refused with a place
// and a readable line for each mistake; what is taken can be looked up, rendered and compared.
#include <algorithm>

#include "config/load.h"
#include "fuzz/demand.h"
#include "fuzz/policy_text.h"
#include "packet/parse.h"
#include "rules/admits.h"
#include "rules/numbers.h"
#include "rules/ruleset.h"

using namespace postern;
using namespace postern::test;

namespace {

using Mistakes = std::vector<config::Diagnostic>;

const std::string policy_file = "/p/postern.yaml";
const std::string client_file = "/p/clients.d/carol.yaml";

bool one_line(const std::string& text) {
    return !text.empty() && text.size() < 600 && std::ranges::none_of(text, [](char byte) {
        return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
    });
}

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1; }

// A client that the policy has already stands in a file, and at no place in it.
bool of_whole_file(const config::Diagnostic& mistake) { return mistake.text.find("got it twice") != std::string::npos; }

void judge_mistakes(const Mistakes& mistakes, const config::PolicyText& text) {
    demand(!mistakes.empty(), "a refusal has a mistake");
    for (const config::Diagnostic& mistake : mistakes) {
        demand(text.contains(mistake.file), "a mistake names the file it stands in");
        demand(one_line(mistake.text), "a mistake is one readable line");
        demand((mistake.line > 0 && mistake.column > 0) || of_whole_file(mistake), "a mistake has line and column");
        demand(mistake.line <= static_cast<int>(lines_of(text.at(mistake.file))) + 1, "its line is in the file");
    }
}

// What the gate asks of an index, answered by looking at every service.
bool guards(const Policy& policy, const PacketView& packet) {
    if (packet.local && packet.transport == Transport::udp)
        for (const PortRange& range : policy.gateway.spa)
            if (range.contains(packet.destination_port)) return true;
    return std::ranges::any_of(policy.services, [&](const Service& service) { return service.covers(packet); });
}

PacketView some_packet(Choices& choices, const Policy& policy) {
    PacketView packet;
    packet.malformed = false;
    packet.local = choices.flip();
    packet.family = choices.flip() ? Family::v6 : Family::v4;
    packet.transport = choices.flip() ? Transport::udp : Transport::tcp;
    packet.source = packet.destination =
        packet.family == Family::v4 ? *parse_address("198.51.100.5") : *parse_address("2001:db8::1");
    packet.destination_port = choices.u16();
    if (policy.services.empty() || choices.flip()) return packet;
    packet.destination_port = choices.of(choices.of(policy.services).ports).ports.last;
    return packet;
}

void judge_index(const Policy& policy, Choices& choices) {
    for (const Service& service : policy.services) {
        demand(policy.service(service.id) == &service && policy.service(service.name) == &service,
               "services are found");
        demand((service.mark == Mark::none) == !service.forward_to.empty(), "what is forwarded waits for its number");
    }
    for (const Client& client : policy.clients) {
        demand(policy.client(client.id) == &client && policy.client(client.public_key) == &client, "clients are found");
        for (const ServiceId service : client.services)
            demand(policy.service(service), "a client's services are there");
    }
    for (const Knock& knock : policy.knocks) demand(policy.client(knock.identity.id) == &knock.identity, "knocks, too");
    for (int i = 0; i < 8; ++i) {
        const PacketView packet = some_packet(choices, policy);
        demand(policy.guards(packet) == guards(policy, packet), "the bitmaps say what the services say");
        (void)rules::admits(policy, packet);
    }
}

// Nothing of a policy ends a line or a quotation of a ruleset, and every ruleset is whole.
void judge_ruleset(const std::string& text, std::string_view last_word) {
    std::string_view rest{text};
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        demand(std::ranges::none_of(line, [](char c) { return c != '\t' && (c < 0x20 || c > 0x7e); }),
               "rules are ASCII");
        demand(line.starts_with('#') || std::ranges::count(line, '"') % 2 == 0, "quotes come in pairs");
    }
    demand(text.find(last_word) != std::string::npos, "a ruleset has an end");
}

void judge_rules(const Policy& policy) {
    rules::Inputs inputs;
    inputs.steering_seed = 0x00c0ffee;
    const auto plan = rules::plan_ruleset({}, policy, inputs);
    demand(plan.has_value(), "a first plan has numbers for everybody");
    for (const Service& service : plan->policy->services)
        demand(service.mark != Mark::none, "each service has its mark");
    for (const auto kind : {rules::Kind::guard, rules::Kind::emergency}) {
        inputs = plan->inputs;
        inputs.kind = kind;
        const std::string nft = rules::render_nftables(*plan->policy, inputs);
        judge_ruleset(nft, "table inet postern");
        demand(rules::generation_of(nft) == inputs.generation, "a ruleset says its generation");
        demand(std::ranges::count(nft, '{') == std::ranges::count(nft, '}'), "braces come in pairs");
        for (const auto family : {Family::v4, Family::v6}) {
            const std::string iptables = rules::render_iptables(*plan->policy, inputs, family);
            judge_ruleset(iptables, "COMMIT\n");
            demand(rules::generation_of(iptables) == inputs.generation, "that of iptables says it, too");
        }
    }
}

std::vector<std::string> lines_of(const Mistakes& mistakes) {
    std::vector<std::string> lines;
    for (const auto& mistake : mistakes) lines.push_back(config::to_text(mistake));
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices{{data, size}};
    config::PolicyText text;
    const std::size_t kind = choices.below(8);
    if (kind == 7) {
        text[policy_file] = choices.text(size);
    } else {
        PolicyText made{choices, kind < 3};
        text[policy_file] = made.section("");
        if (kind % 3 == 2) text[client_file] = made.section("clients.NAME");
    }
    Names names, other_names;
    config::Options options;
    options.secrets = false;
    options.copy = &text;
    const auto loaded = config::load(policy_file, names, options);
    const auto again = config::load(policy_file, other_names, options);
    demand(loaded.has_value() == again.has_value(), "the same text is the same policy");
    if (!loaded) {
        judge_mistakes(loaded.error(), text);
        demand(lines_of(loaded.error()) == lines_of(again.error()), "and has the same mistakes");
        return 0;
    }
    for (const config::Diagnostic& warning : loaded->warnings) demand(one_line(warning.text), "a warning is one line");
    judge_index(*loaded->policy, choices);
    judge_rules(*loaded->policy);
    return 0;
}
