// How the rules read in nft's language. What they mean stands in ruleset.h, what their comments mean in words.h.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "rules/forwarded.h"
#include "rules/ruleset.h"
#include "rules/words.h"

namespace postern::rules {
namespace {

// Replies to the host's own DHCP clients.
constexpr std::string_view dhcp4 = "meta nfproto ipv4 udp sport 67 udp dport 68";
constexpr std::string_view dhcp6 = "ip6 saddr fe80::/10 ip6 daddr fe80::/10 udp sport 547 udp dport 546";

constexpr std::string_view head =
    R"(# The rules of postern for nftables, made by `posternctl rules render` and loaded by `posternctl rules apply`.
# One transaction: chains that exist stay hooked, so that no packet passes unjudged meanwhile.
add table inet {0}
add set inet {0} hostile4 {{ type ipv4_addr; size {1}; flags dynamic,timeout; timeout {2}s; }}
add set inet {0} hostile6 {{ type ipv6_addr; size {1}; flags dynamic,timeout; timeout {2}s; }}
add chain inet {0} early {{ type filter hook prerouting priority -310; policy accept; }}
add chain inet {0} gate {{ type filter hook prerouting priority -150; policy accept; }}
add chain inet {0} forward {{ type nat hook prerouting priority -101; policy accept; }}
add chain inet {0} astray {{ type filter hook prerouting priority -99; policy accept; }}
add chain inet {0} revived {{ type filter hook forward priority -150; policy accept; }}
add chain inet {0} out {{ type filter hook output priority -150; policy accept; }}
flush table inet {0}
table inet {0} {{
)";

class Ruleset {
public:
    Ruleset(const Policy& policy, const Inputs& inputs)
        : policy_{policy}, field_{policy.gateway.mark}, inputs_{inputs} {}

    std::string text() {
        put(head, nft_table, hostile_entries, hostile_seconds);
        early();
        arrive();
        gate();
        settle();
        judge();
        steer();
        forward();
        astray();
        revived();
        out();
        hush();
        return out_ + "}\n";
    }

private:
    template <class... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }
    void chain(std::string_view name) { put("    chain {} {{\n", name); }
    void end() { put("    }}\n"); }
    void line(std::string_view rule) { put("        {}\n", rule); }

    // A rule that counts under its word; an empty verdict lets the packet go on to the next rule.
    // A ruleset that observes drops nothing.
    void rule(std::string_view match, std::string_view verdict, std::string_view word) {
        if (policy_.gateway.observe && verdict == "drop") verdict = "accept";
        const std::string_view before = match.empty() ? "" : " ";
        const std::string_view after = verdict.empty() ? "" : " ";
        put("        {}{}counter{}{} comment \"postern {}\"\n", match, before, after, verdict, word);
    }

    // One rule per guarded interface, not a set of names: older kernels take no wildcard in a set.
    void on_interfaces(std::string_view key, std::string_view rest) {
        for (const std::string& name : policy_.gateway.interfaces)
            line(name == "*" ? std::string{rest} : fmt::format("{} \"{}\" {}", key, name, rest));
    }

    [[nodiscard]] std::string is(std::string_view which, Mark mark) const {
        return fmt::format("{} mark & {:#010x} == {:#010x}", which, field_.mask, field_.bits(mark));
    }
    [[nodiscard]] std::string set(std::string_view which, Mark mark) const {
        return fmt::format("{0} mark set {0} mark & {1:#010x} | {2:#010x}", which, ~field_.mask, field_.bits(mark));
    }

    void early() {
        chain("early");
        line("type filter hook prerouting priority -310; policy accept;");
        line(fmt::format("iifname \"lo\" return comment \"{}{}\"", generation_words, inputs_.generation));
        on_interfaces("iifname", "goto arrive");
        end();
    }

    void arrive() {
        chain("arrive");
        rule(fmt::format("meta mark set meta mark & {:#010x}", ~field_.mask), "", comment::clear);
        rule(dhcp4, "notrack", comment::untracked);
        rule(dhcp6, "notrack", comment::untracked);
        break_glass("tcp dport 22", "return", comment::spared);
        for (const char* source : {"ip saddr @hostile4", "ip6 saddr @hostile6"})
            rule(fmt::format("tcp flags & (fin | syn | rst | ack) == syn {}", source), "drop", comment::blackhole);
        end();
    }

    // Revoked comes first: an accept that was on its way meanwhile would write over the connection's mark.
    void gate() {
        chain("gate");
        line("type filter hook prerouting priority -150; policy accept;");
        line("iifname \"lo\" return");
        rule(is("ct", Mark::revoked), "drop", comment::revoked);
        on_interfaces("iifname", fmt::format("meta mark & {:#010x} != 0x00000000 goto settle", field_.mask));
        on_interfaces("iifname", "goto judge");
        end();
    }

    // A set that is full ends the rule that adds to it, so the drop is a rule of its own.
    void settle() {
        chain("settle");
        for (const Mark mark : accepted_marks(policy_)) {
            rule(fmt::format("{} ct state {{ established, new }} ct mark & {:#010x} != {{ 0x00000000, {:#010x}{} }}",
                             is("meta", mark), field_.mask, field_.bits(mark),
                             mark == Mark::accepted ? fmt::format(", {:#010x}", field_.bits(Mark::observed)) : ""),
                 "drop", comment::moved);
            rule(fmt::format("{} {}", is("meta", mark), set("ct", mark)), "accept", comment::settled);
        }
        if (policy_.gateway.observe)
            rule(fmt::format("{} {}", is("meta", Mark::observed), set("ct", Mark::observed)), "accept",
                 comment::observed);
        rule(is("meta", Mark::hostile) + " add @hostile4 { ip saddr }", "", comment::list);
        rule(is("meta", Mark::hostile) + " add @hostile6 { ip6 saddr }", "", comment::list);
        rule(is("meta", Mark::hostile), "drop", comment::hostile);
        rule(is("meta", Mark::refused), "drop", comment::refused);
        rule("", "drop", comment::unknown);
        end();
    }

    // `again` asks for NEW: a connection that a helper expects inherits its master's mark and is still to be judged.
    void judge() {
        chain("judge");
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
        for (const Mark mark : accepted_marks(policy_))
            rule("ct state new " + is("ct", mark), "accept", comment::again);
        if (policy_.gateway.observe) rule("ct state new " + is("ct", Mark::observed), "accept", comment::again);
        essentials();
        break_glass("tcp dport 22 fib daddr type local", "accept", comment::break_glass);
        break_glass("ECHO fib daddr type local", "accept", comment::break_glass);
        if (passes_ipsec()) rule("meta secpath exists", "accept", comment::ipsec);
        for (const Open& one : policy_.gateway.open) open(one);
        const bool pass = policy_.gateway.unmatched == Unmatched::pass;
        for (const PortRange& range : policy_.gateway.spa)
            rule(fmt::format("{}udp dport {}", pass ? own : "", ports(range)), "goto steer", comment::spa);
        rule("ip saddr @hostile4", "drop", comment::blackhole);
        rule("ip6 saddr @hostile6", "drop", comment::blackhole);
        if (pass) concerned();
        pass ? rule("", "accept", comment::unmatched) : line("goto steer");
        end();
    }

    static constexpr std::string_view own = "fib daddr type local ";

    // Sockets of this host are also reached by its groups, and by the anycast address of each of its IPv6 networks.
    static constexpr std::string_view reached = "fib daddr type { local, broadcast, multicast, anycast } ";

    // A piece of a packet says nothing of ports: it is judged with what may be ours. Conntrack puts pieces together
    // before these rules, as a rule.
    void concerned() {
        rule("ip frag-off & 0x3fff != 0", "goto steer", comment::service);
        rule("exthdr frag exists", "goto steer", comment::service);
        for (const Service& service : policy_.services)
            for (const auto& [transport, range] : service.ports)
                for (const std::string& to : addresses("daddr", service.to, reached))
                    rule(fmt::format("{}{} dport {}", to, transport == Transport::tcp ? "tcp" : "udp", ports(range)),
                         "goto steer", comment::service);
        for (const knock::Step& step : policy_.knock_steps())
            for (const std::string& what : kinds(step)) rule(std::string{own} + what, "goto steer", comment::service);
    }

    static std::vector<std::string> kinds(const knock::Step& step) {
        if (step.transport == Transport::icmp) return {"icmp type echo-request", "icmpv6 type echo-request"};
        return {fmt::format("{} dport {}", step.transport == Transport::tcp ? "tcp" : "udp", step.port)};
    }

    // "ip daddr PREFIX " for each; `otherwise` where there are none.
    static std::vector<std::string> addresses(std::string_view key, const std::vector<Prefix>& prefixes,
                                              std::string_view otherwise, std::optional<Family> only = {}) {
        if (prefixes.empty()) return {std::string{otherwise}};
        std::vector<std::string> words;
        for (const Prefix& prefix : prefixes)
            if (const Family family = prefix.address.family; !only || family == *only)
                words.push_back(fmt::format("{} {} {} ", family == Family::v4 ? "ip" : "ip6", key, to_text(prefix)));
        return words;
    }

    // One rule for each kind, source and destination; of two families none comes about.
    void open(const Open& one) {
        for (const OpenMatch& match : one.matches)
            for (const std::string& from : addresses("saddr", one.from, "", match.family))
                for (const std::string& to :
                     addresses("daddr", one.to, "fib daddr type { local, broadcast, multicast } ", match.family))
                    if (!contradict(from, to)) rule(from + to + kind(match), "accept", comment::open);
    }
    static bool contradict(const std::string& from, const std::string& to) {
        return from.starts_with("ip") && to.starts_with("ip") && from.starts_with("ip6") != to.starts_with("ip6");
    }
    static std::string kind(const OpenMatch& match) {
        if (match.ports) return fmt::format("{} dport {}", match.protocol == 6 ? "tcp" : "udp", ports(*match.ports));
        if (match.family && match.type)
            return fmt::format("{} type {}", *match.family == Family::v4 ? "icmp" : "icmpv6", *match.type);
        const std::string_view family = !match.family                 ? ""
                                        : *match.family == Family::v4 ? "meta nfproto ipv4 "
                                                                      : "meta nfproto ipv6 ";
        return fmt::format("{}meta l4proto {}", family, match.protocol);
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

    // One rule per prefix; ECHO in `match` stands for the family's echo request.
    void break_glass(std::string match, std::string_view verdict, std::string_view word) {
        for (const Prefix& prefix : policy_.gateway.break_glass) {
            const bool v4 = prefix.address.family == Family::v4;
            std::string text = match;
            if (text.starts_with("ECHO"))
                text.replace(0, 4, v4 ? "icmp type echo-request" : "icmpv6 type echo-request");
            rule(fmt::format("{} saddr {} {}", v4 ? "ip" : "ip6", to_text(prefix), text), verdict, word);
        }
    }

    static std::string ports(const PortRange& range) {
        return range.first == range.last ? std::to_string(range.first) : fmt::format("{}-{}", range.first, range.last);
    }

    // An address in the table of a VRF is local only as seen from the interface that has it.
    void steer() {
        const unsigned queues = std::max<unsigned>(policy_.gateway.queues, 1);
        chain("steer");
        if (inputs_.kind == Kind::emergency) {
            rule("", "drop", comment::emergency);
            return end();
        }
        if (policy_.gateway.observe) line(set("meta", Mark::observe));
        for (const char* as_seen : {"fib daddr type local ", "fib daddr . iif type local "})
            rule(as_seen + set("meta", local()), "", comment::local);
        if (queues > 1)
            for (const char* source : {"ip saddr", "ip6 saddr"})
                rule(source[2] == ' ' ? "meta nfproto ipv4" : "meta nfproto ipv6",
                     fmt::format("{} jhash {} mod {} seed {:#010x} offset {}", queue(), source, queues,
                                 inputs_.steering_seed, inputs_.first_queue),
                     comment::queue);
        rule("", fmt::format("{} {}", queue(), inputs_.first_queue + queues - 1), comment::queue);
        end();
    }
    [[nodiscard]] std::string_view queue() const {
        return policy_.gateway.observe ? "queue flags bypass to" : "queue to";
    }
    [[nodiscard]] Mark local() const { return policy_.gateway.observe ? Mark::observe_local : Mark::local; }

    // The emergency set asks the kernel for no more than it must.
    [[nodiscard]] bool passes_ipsec() const {
        return policy_.gateway.ipsec == Ipsec::pass && inputs_.kind == Kind::guard;
    }

    // NEW: a connection that a helper expects inherits its master's mark, and has a destination of its own.
    void forward() {
        chain("forward");
        line("type nat hook prerouting priority -101; policy accept;");
        for (const Service* service : forwarded(policy_))
            for (const auto& [address, port] : service->forward_to) {
                const bool v4 = address.family == Family::v4;
                rule(fmt::format("meta nfproto {} meta l4proto {{ tcp, udp }} ct state new {}", v4 ? "ipv4" : "ipv6",
                                 is("ct", service->mark)),
                     fmt::format(fmt::runtime(v4 ? "dnat ip to {}:{}" : "dnat ip6 to [{}]:{}"), to_text(address), port),
                     comment::forward);
            }
        end();
    }

    // Whoever emptied `forward` would otherwise let forwarded flows in to the gateway's own ports.
    void astray() {
        chain("astray");
        line("type filter hook prerouting priority -99; policy accept;");
        rule(fmt::format("ct mark & {:#010x} != 0x00000000 ct status & (dnat | expected) == 0", field_.forward_bits()),
             "drop", comment::astray);
        end();
    }

    // A segment that no connection explains would begin one that has no mark: of a session that was ended, whose client
    // made the kernel forget it, and whose server goes on.
    void revived() {
        chain("revived");
        line("type filter hook forward priority -150; policy accept;");
        for (const std::string& name : policy_.gateway.interfaces)
            rule(fmt::format("{}ct state new tcp flags & (fin | syn | rst | ack) != syn",
                             name == "*" ? "" : fmt::format("oifname \"{}\" ", name)),
                 "drop", comment::revived);
        end();
    }

    void out() {
        chain("out");
        line("type filter hook output priority -150; policy accept;");
        line("oifname \"lo\" return");
        rule(is("ct", Mark::revoked), "drop", comment::revoked);
        on_interfaces("oifname", "goto hush");
        end();
    }

    // What would break the silence; iptables.cc says why.
    void hush() {
        chain("hush");
        rule("ct state invalid icmp type { destination-unreachable, time-exceeded, parameter-problem }", "drop",
             comment::hush);
        rule(
            "ct state invalid icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, "
            "parameter-problem }",
            "drop", comment::hush);
        end();
    }

    const Policy& policy_;
    const MarkField field_;
    const Inputs& inputs_;
    std::string out_;
};

}  // namespace

std::string render_nftables(const Policy& policy, const Inputs& inputs) { return Ruleset{policy, inputs}.text(); }

}  // namespace postern::rules
