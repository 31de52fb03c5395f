// The rulesets for iptables and ip6tables: their tables and chains in order, all but JUDGE, which has a file of its
// own. What they mean stands in ruleset.h, what their comments mean in words.h.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/choices.h"
#include "rules/iptables_judge.h"
#include "rules/iptables_writer.h"
#include "rules/ruleset.h"
#include "rules/words.h"

namespace postern::rules {
namespace iptables {
namespace {

constexpr std::string_view head =
    R"(# The rules of postern for {}, made by `posternctl rules render` and loaded by `posternctl rules apply`,
# which makes the set first and sees to exactly one jump. One transaction per table.
)";

class Ruleset : Writer {
public:
    Ruleset(const Policy& policy, const Inputs& inputs, Family family)
        : Writer{policy.gateway, family}, policy_{policy}, field_{policy.gateway.mark}, inputs_{inputs} {}

    std::string text() {
        put(fmt::format(head, dialect().tool));
        raw();
        nat();
        mangle();
        return std::move(*this).take();
    }

private:
    void raw() {
        table("raw", {"EARLY", "ARRIVE"});
        early();
        arrive();
        jump("PREROUTING", "EARLY");
        commit();
    }

    void mangle() {
        table("mangle", {"GATE", "SETTLE", "JUDGE", "STEER", "ASTRAY", "REVIVED", "OUT", "HUSH"});
        gate();
        settle();
        write_judge(*this, policy_, inputs_);
        steer();
        astray();
        revived();
        out();
        hush();
        jump("PREROUTING", "GATE");
        jump("INPUT", "ASTRAY");
        jump("FORWARD", "REVIVED");
        jump("OUTPUT", "OUT");
        commit();
    }

    // Without a service to forward nobody needs this table, and a kernel may lack it.
    void nat() {
        if (forwarded(policy_).empty()) return;
        table("nat", {"FORWARD"});
        forward();
        jump("PREROUTING", "FORWARD");
        commit();
    }

    void early() {
        chain("EARLY");
        plain(fmt::format("-i lo -m comment --comment \"{}{}\"", generation_words, inputs_.generation), pass);
        on_interfaces("-i", "", go("ARRIVE"));
    }

    void arrive() {
        chain("ARRIVE");
        rule("", set("MARK", Mark::none), comment::clear);
        rule(dialect().dhcp, "-j CT --notrack", comment::untracked);
        rules_from(policy_.gateway.break_glass, "-p tcp -m tcp --dport 22", comment::spared);
        // The set is asked first: a cut header never gets as far as the tcp match, which drops it uncounted.
        rule("-p tcp " + from_hostile() + " -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", drop, comment::blackhole);
    }

    // Revoked comes first: an accept that was on its way meanwhile would write over the connection's mark.
    void gate() {
        chain("GATE");
        plain("-i lo", pass);
        rule(is("connmark", Mark::revoked), drop, comment::revoked);
        on_interfaces("-i", fmt::format("-m mark ! --mark 0x0/{:#x}", field_.mask), go("SETTLE"));
        on_interfaces("-i", "", go("JUDGE"));
    }

    void settle() {
        chain("SETTLE");
        for (const Mark mark : accepted_marks(policy_)) {
            rule(fmt::format("{} -m conntrack --ctstate NEW,ESTABLISHED{}{}{}", is("mark", mark), not_on(Mark::none),
                             not_on(mark), mark == Mark::accepted ? not_on(Mark::observed) : ""),
                 drop, comment::moved);
            rule(is("mark", mark), set("CONNMARK", mark), comment::save);
            rule(is("mark", mark), pass, comment::settled);
        }
        if (policy_.gateway.observe) {
            rule(is("mark", Mark::observed), set("CONNMARK", Mark::observed), comment::save);
            rule(is("mark", Mark::observed), pass, comment::observed);
        }
        rule(is("mark", Mark::hostile), fmt::format("-j SET --add-set {} src --exist", hostile_set()), comment::list);
        rule(is("mark", Mark::hostile), drop, comment::hostile);
        rule(is("mark", Mark::refused), drop, comment::refused);
        rule("", drop, comment::unknown);
    }

    // An address in the table of a VRF is local only as seen from the interface that has it.
    // The cluster match never takes a packet without a conntrack entry: the last rule takes everything.
    void steer() {
        const unsigned queues = std::clamp<unsigned>(policy_.gateway.queues, 1, iptables_queues);
        chain("STEER");
        if (inputs_.kind == Kind::emergency) return rule("", drop, comment::emergency);
        if (policy_.gateway.observe) plain("", set("MARK", Mark::observe));
        for (const char* scope : {"", " --limit-iface-in"})
            rule(fmt::format("-m addrtype --dst-type LOCAL{}", scope), set("MARK", local_mark(policy_.gateway)),
                 comment::local);
        for (unsigned node = 1; node < queues; ++node)
            rule(fmt::format("-m cluster --cluster-total-nodes {} --cluster-local-node {} --cluster-hash-seed {:#010x}",
                             queues, node, inputs_.steering_seed),
                 to_queue(node), comment::queue);
        rule("", to_queue(queues), comment::queue);
    }
    [[nodiscard]] std::string to_queue(unsigned node) const {
        return fmt::format("-j NFQUEUE --queue-num {}{}", inputs_.first_queue + node - 1,
                           policy_.gateway.observe ? " --queue-bypass" : "");
    }

    // NEW: a connection that a helper expects inherits its master's mark, and has a destination of its own.
    void forward() {
        chain("FORWARD");
        for (const Service* service : forwarded(policy_)) {
            const ForwardTarget* target = service->target(family());
            if (!target) continue;
            for (const char* transport : {"tcp", "udp"})
                rule(fmt::format("-p {} -m conntrack --ctstate NEW {}", transport, is("connmark", service->mark)),
                     fmt::format(
                         fmt::runtime(v4() ? "-j DNAT --to-destination {}:{}" : "-j DNAT --to-destination [{}]:{}"),
                         to_text(target->address), target->port),
                     comment::forward);
        }
    }

    // Whoever emptied the table of `forward` would otherwise let forwarded flows in to the gateway's own ports.
    void astray() {
        chain("ASTRAY");
        rule(fmt::format("-m connmark ! --mark 0x0/{:#x} -m conntrack ! --ctstate DNAT ! --ctstatus EXPECTED",
                         field_.forward_bits()),
             drop, comment::astray);
    }

    static constexpr std::string_view midstream =
        "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW";

    // A segment that no connection explains would begin one that has no mark: of a session that was ended, whose client
    // made the kernel forget it, and whose server goes on.
    void revived() {
        chain("REVIVED");
        plain("", fmt::format("-j {}ASTRAY", iptables_prefix));
        for (const std::string& name : policy_.gateway.interfaces)
            rule(fmt::format("-o {} {}", interface_name(name), midstream), drop, comment::revived);
    }

    void out() {
        chain("OUT");
        plain("-o lo", pass);
        rule(is("connmark", Mark::revoked), drop, comment::revoked);
        on_interfaces("-o", "", go("HUSH"));
    }

    // First what would bring an ended session of the host's own back, as in `revived`. Then what would break the
    // silence: ICMP errors about no connection at all. The kernel sends them for incomplete fragments and for options
    // it does not know before any rule of ours has seen the packet, and for a DHCP reply that nobody waits for: those
    // pass unproved, so they are not tracked and leave no state. Errors about connections are RELATED and pass.
    void hush() {
        chain("HUSH");
        rule(midstream, drop, comment::revived);
        for (const std::uint8_t type : dialect().errors)
            rule(icmp(type) + " -m conntrack --ctstate INVALID", drop, comment::hush);
    }

    const Policy& policy_;
    const MarkField field_;
    const Inputs& inputs_;
};

}  // namespace
}  // namespace iptables

std::string render_iptables(const Policy& policy, const Inputs& inputs, Family family) {
    return iptables::Ruleset{policy, inputs, family}.text();
}

}  // namespace postern::rules
