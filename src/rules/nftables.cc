// The ruleset for nft: its chains in their order, all but `judge`, which has a file of its own. What they mean stands
// in ruleset.h, what their comments mean in words.h.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/choices.h"
#include "rules/nft_judge.h"
#include "rules/nft_writer.h"
#include "rules/ruleset.h"
#include "rules/words.h"

namespace postern::rules {
namespace nft {
namespace {

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

class Ruleset : Writer {
public:
    Ruleset(const Policy& policy, const Inputs& inputs)
        : Writer{policy.gateway}, policy_{policy}, field_{policy.gateway.mark}, inputs_{inputs} {}

    std::string text() {
        put(fmt::format(head, nft_table, hostile_entries, hostile_seconds));
        early();
        arrive();
        gate();
        settle();
        write_judge(*this, policy_, inputs_);
        steer();
        forward();
        astray();
        revived();
        out();
        hush();
        put("}\n");
        return std::move(*this).take();
    }

private:
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
        rules_from(policy_.gateway.break_glass, "tcp dport 22", "return", comment::spared);
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
            rule(as_seen + set("meta", local_mark(policy_.gateway)), "", comment::local);
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

    static constexpr std::string_view midstream = "ct state new tcp flags & (fin | syn | rst | ack) != syn";

    // A segment that no connection explains would begin one that has no mark: of a session that was ended, whose client
    // made the kernel forget it, and whose server goes on.
    void revived() {
        chain("revived");
        line("type filter hook forward priority -150; policy accept;");
        for (const std::string& name : policy_.gateway.interfaces)
            rule((name == "*" ? "" : fmt::format("oifname \"{}\" ", name)) + std::string{midstream}, "drop",
                 comment::revived);
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

    // What would bring an ended session of the host's own back, as in `revived`, or break the silence; iptables.cc says
    // why.
    void hush() {
        chain("hush");
        rule(midstream, "drop", comment::revived);
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
};

}  // namespace
}  // namespace nft

std::string render_nftables(const Policy& policy, const Inputs& inputs) { return nft::Ruleset{policy, inputs}.text(); }

}  // namespace postern::rules
