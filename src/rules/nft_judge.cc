#include "rules/nft_judge.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <optional>
#include <vector>

#include "rules/choices.h"
#include "rules/words.h"

namespace postern::rules::nft {
namespace {

constexpr std::string_view own = "fib daddr type local ";

// Sockets of this host are also reached by its groups, and by the anycast address of each of its IPv6 networks.
constexpr std::string_view reached = "fib daddr type { local, broadcast, multicast, anycast } ";

std::string ports(const PortRange& range) {
    return range.first == range.last ? std::to_string(range.first) : fmt::format("{}-{}", range.first, range.last);
}

std::string_view name_of(Transport transport) { return transport == Transport::tcp ? "tcp" : "udp"; }

// "ip daddr PREFIX " for each; `otherwise` where there are none.
std::vector<std::string> addresses(std::string_view key, const std::vector<Prefix>& prefixes,
                                   std::string_view otherwise, std::optional<Family> only = {}) {
    if (prefixes.empty()) return {std::string{otherwise}};
    std::vector<std::string> words;
    for (const Prefix& prefix : prefixes)
        if (const Family family = prefix.address.family; !only || family == *only)
            words.push_back(fmt::format("{} {} {} ", family == Family::v4 ? "ip" : "ip6", key, to_text(prefix)));
    return words;
}

// Of two families no rule comes about.
bool contradict(const std::string& from, const std::string& to) {
    return from.starts_with("ip") && to.starts_with("ip") && from.starts_with("ip6") != to.starts_with("ip6");
}

std::string kind(const OpenMatch& match) {
    if (match.ports)
        return fmt::format("{} dport {}", match.protocol == IPPROTO_TCP ? "tcp" : "udp", ports(*match.ports));
    if (match.family && match.type)
        return fmt::format("{} type {}", *match.family == Family::v4 ? "icmp" : "icmpv6", *match.type);
    const std::string_view family = !match.family                 ? ""
                                    : *match.family == Family::v4 ? "meta nfproto ipv4 "
                                                                  : "meta nfproto ipv6 ";
    return fmt::format("{}meta l4proto {}", family, match.protocol);
}

std::vector<std::string> kinds(const knock::Step& step) {
    if (step.transport == Transport::icmp) return {"icmp type echo-request", "icmpv6 type echo-request"};
    return {fmt::format("{} dport {}", name_of(step.transport), step.port)};
}

class Judge {
public:
    Judge(Writer& write, const Policy& policy, const Inputs& inputs)
        : write_{write}, policy_{policy}, inputs_{inputs} {}

    void chain() {
        write_.chain("judge");
        known();
        essentials();
        exempt();
        rest();
        write_.end();
    }

private:
    // `again` asks for NEW: a connection that a helper expects inherits its master's mark and is still to be judged.
    void known() {
        rule("ct state established tcp flags & (fin | syn | rst | ack) != syn", "accept", comment::established);
        rule("ct state established meta l4proto != tcp", "accept", comment::established);
        rule("ct state established ct status & assured == 0", "accept", comment::established);
        rule("ct state invalid", "drop", comment::invalid);
        rule("ct state related icmp type { destination-unreachable, time-exceeded, parameter-problem }", "accept",
             comment::related);
        rule(
            "ct state related icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, "
            "parameter-problem }",
            "accept", comment::related);
        for (const Mark mark : marks_let_in(policy_))
            rule("ct state new " + write_.is("ct", mark), "accept", comment::again);
    }

    void essentials() {
        rule(
            "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } "
            "ip6 hoplimit 255",
            "accept", comment::nd);
        rule(
            "icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } "
            "ip6 hoplimit 1 ip6 saddr { ::, fe80::/10 }",
            "accept", comment::mld);
        rule("ip protocol igmp ip ttl 1 ip daddr 224.0.0.0/4", "accept", comment::igmp);
        rule(std::string{dhcp4} + " fib daddr type { local, broadcast }", "accept", comment::dhcp);
        rule(dhcp6, "accept", comment::dhcp);
    }

    // What the policy lets by.
    void exempt() {
        const auto& prefixes = policy_.gateway.break_glass;
        write_.rules_from(prefixes, "tcp dport 22 fib daddr type local", "accept", comment::break_glass);
        write_.rules_from(prefixes, "ECHO fib daddr type local", "accept", comment::break_glass);
        if (passes_ipsec(policy_, inputs_)) rule("meta secpath exists", "accept", comment::ipsec);
        for (const Open& one : policy_.gateway.open) open(one);
    }

    // One rule for each kind, source and destination.
    void open(const Open& one) {
        for (const OpenMatch& match : one.matches)
            for (const std::string& from : addresses("saddr", one.from, "", match.family))
                for (const std::string& to :
                     addresses("daddr", one.to, "fib daddr type { local, broadcast, multicast } ", match.family))
                    if (!contradict(from, to)) rule(from + to + kind(match), "accept", comment::open);
    }

    void rest() {
        const bool pass = policy_.gateway.unmatched == Unmatched::pass;
        for (const PortRange& range : policy_.gateway.spa)
            rule(fmt::format("{}udp dport {}", pass ? own : "", ports(range)), "goto steer", comment::spa);
        rule("ip saddr @hostile4", "drop", comment::blackhole);
        rule("ip6 saddr @hostile6", "drop", comment::blackhole);
        if (!pass) return write_.line("goto steer");
        concerned();
        rule("", "accept", comment::unmatched);
    }

    // A piece of a packet says nothing of ports: it is judged with what may be ours. Conntrack puts pieces together
    // before these rules, as a rule.
    void concerned() {
        to_steer("ip frag-off & 0x3fff != 0");
        to_steer("exthdr frag exists");
        for (const Service& service : policy_.services)
            for (const auto& [transport, range] : service.ports)
                for (const std::string& to : addresses("daddr", service.to, reached))
                    to_steer(fmt::format("{}{} dport {}", to, name_of(transport), ports(range)));
        for (const knock::Step& step : policy_.knock_steps())
            for (const std::string& what : kinds(step)) to_steer(std::string{own} + what);
    }

    void to_steer(std::string_view match) { rule(match, "goto steer", comment::service); }
    void rule(std::string_view match, std::string_view verdict, std::string_view word) {
        write_.rule(match, verdict, word);
    }

    Writer& write_;
    const Policy& policy_;
    const Inputs& inputs_;
};

}  // namespace

void write_judge(Writer& write, const Policy& policy, const Inputs& inputs) { Judge{write, policy, inputs}.chain(); }

}  // namespace postern::rules::nft
