// How the rules read in nft's language. What they mean stands in ruleset.h, what their comments mean in words.h.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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
    void rule(std::string_view match, std::string_view verdict, std::string_view word) {
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
        line("iifname \"lo\" return");
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
        rule(fmt::format("{} {}", is("meta", Mark::accepted), set("ct", Mark::accepted)), "accept", comment::settled);
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
        rule("ct state new " + is("ct", Mark::accepted), "accept", comment::again);
        essentials();
        break_glass("tcp dport 22 fib daddr type local", "accept", comment::break_glass);
        break_glass("ECHO fib daddr type local", "accept", comment::break_glass);
        for (const PortRange& range : policy_.gateway.spa)
            rule("udp dport " + ports(range), "goto steer", comment::spa);
        rule("ip saddr @hostile4", "drop", comment::blackhole);
        rule("ip6 saddr @hostile6", "drop", comment::blackhole);
        line("goto steer");
        end();
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

    void steer() {
        const unsigned queues = std::max<unsigned>(policy_.gateway.queues, 1);
        chain("steer");
        if (inputs_.kind == Kind::emergency) {
            rule("", "drop", comment::emergency);
            return end();
        }
        rule("fib daddr type local " + set("meta", Mark::local), "", comment::local);
        if (queues > 1)
            for (const char* source : {"ip saddr", "ip6 saddr"})
                rule(source[2] == ' ' ? "meta nfproto ipv4" : "meta nfproto ipv6",
                     fmt::format("queue to jhash {} mod {} seed {:#010x} offset {}", source, queues,
                                 inputs_.steering_seed, inputs_.first_queue),
                     comment::queue);
        rule("", fmt::format("queue to {}", inputs_.first_queue + queues - 1), comment::queue);
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
