// How the rules read in the language of iptables and ip6tables. What they mean stands in ruleset.h, what their comments
// mean in words.h.
//
// Whoever is "not ours" leaves by RETURN and meets the administrator's own rules; ACCEPT would skip them. The chains
// are entered by goto, so that RETURN leads back behind our jump.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <vector>

#include "rules/forwarded.h"
#include "rules/ruleset.h"
#include "rules/words.h"

namespace postern::rules {
namespace {

// How the families differ.
struct Dialect {
    std::string_view tool, icmp, icmp_type, echo, dhcp;
    std::initializer_list<int> errors;  // ICMP types: unreachable, (too big,) time exceeded, parameter problem
};
const Dialect dialect4{"iptables", "-p icmp -m icmp", "--icmp-type", "8", "-p udp -m udp --sport 67 --dport 68",
                       {3, 11, 12}};
const Dialect dialect6{"ip6tables",
                       "-p ipv6-icmp -m icmp6",
                       "--icmpv6-type",
                       "128",
                       "-s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546",
                       {1, 2, 3, 4}};

class Ruleset {
public:
    Ruleset(const Policy& policy, const Inputs& inputs, Family family)
        : policy_{policy},
          field_{policy.gateway.mark},
          inputs_{inputs},
          v4_{family == Family::v4},
          dialect_{v4_ ? dialect4 : dialect6} {}

    std::string text() {
        put("# The rules of postern for {0}, made by `posternctl rules render` and loaded by `posternctl rules "
            "apply`,\n"
            "# which makes the set first and sees to exactly one jump. One transaction per table.\n",
            dialect_.tool);
        raw();
        nat();
        mangle();
        return out_;
    }

private:
    template <class... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }
    void table(std::string_view name, std::initializer_list<std::string_view> chains) {
        put("*{}\n", name);
        for (const std::string_view chain : chains) put(":{}{} - [0:0]\n", iptables_prefix, chain);
    }
    void jump(std::string_view hook, std::string_view chain) { put("-I {} 1 -j {}{}\n", hook, iptables_prefix, chain); }
    void commit() { put("COMMIT\n"); }

    // The chain that the next rules belong to.
    void chain(std::string_view name) { chain_ = name; }
    void plain(std::string_view match, std::string_view target) {
        put("-A {}{} {}{}{}\n", iptables_prefix, chain_, match, match.empty() ? "" : " ", target);
    }
    // A ruleset that observes drops nothing.
    void rule(std::string_view match, std::string_view target, std::string_view word) {
        if (policy_.gateway.observe && target == "-j DROP") target = "-j RETURN";
        plain(match, fmt::format("-m comment --comment \"postern {}\" {}", word, target));
    }
    static std::string go(std::string_view name) { return fmt::format("-g {}{}", iptables_prefix, name); }

    void on_interfaces(std::string_view key, std::string_view match, std::string_view target) {
        for (std::string name : policy_.gateway.interfaces) {
            if (name.ends_with('*')) name.back() = '+';
            plain(fmt::format("{} {}{}{}", key, name, match.empty() ? "" : " ", match), target);
        }
    }

    [[nodiscard]] std::string is(std::string_view which, Mark mark) const {
        return fmt::format("-m {0} --mark {1:#x}/{2:#x}", which, field_.bits(mark), field_.mask);
    }
    // Of the connection.
    [[nodiscard]] std::string not_on(Mark mark) const {
        return fmt::format(" -m connmark ! --mark {:#x}/{:#x}", field_.bits(mark), field_.mask);
    }
    [[nodiscard]] std::string set(std::string_view target, Mark mark) const {
        return fmt::format("-j {} --set-xmark {:#x}/{:#x}", target, field_.bits(mark), field_.mask);
    }
    [[nodiscard]] std::string hostile_set() const { return fmt::format("{}hostile{}", ipset_prefix, v4_ ? 4 : 6); }
    [[nodiscard]] std::string from_hostile() const { return fmt::format("-m set --match-set {} src", hostile_set()); }
    [[nodiscard]] std::string icmp(int type) const {
        return fmt::format("{} {} {}", dialect_.icmp, dialect_.icmp_type, type);
    }

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
        judge();
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
        plain(fmt::format("-i lo -m comment --comment \"{}{}\"", generation_words, inputs_.generation), "-j RETURN");
        on_interfaces("-i", "", go("ARRIVE"));
    }

    void arrive() {
        chain("ARRIVE");
        rule("", set("MARK", Mark::none), comment::clear);
        rule(dialect_.dhcp, "-j CT --notrack", comment::untracked);
        break_glass("-p tcp -m tcp --dport 22", comment::spared);
        // The set is asked first: a cut header never gets as far as the tcp match, which drops it uncounted.
        rule("-p tcp " + from_hostile() + " -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-j DROP", comment::blackhole);
    }

    // Revoked comes first: an accept that was on its way meanwhile would write over the connection's mark.
    void gate() {
        chain("GATE");
        plain("-i lo", "-j RETURN");
        rule(is("connmark", Mark::revoked), "-j DROP", comment::revoked);
        on_interfaces("-i", fmt::format("-m mark ! --mark 0x0/{:#x}", field_.mask), go("SETTLE"));
        on_interfaces("-i", "", go("JUDGE"));
    }

    void settle() {
        chain("SETTLE");
        for (const Mark mark : accepted_marks(policy_)) {
            rule(fmt::format("{} -m conntrack --ctstate NEW,ESTABLISHED{}{}{}", is("mark", mark), not_on(Mark::none),
                             not_on(mark), mark == Mark::accepted ? not_on(Mark::observed) : ""),
                 "-j DROP", comment::moved);
            rule(is("mark", mark), set("CONNMARK", mark), comment::save);
            rule(is("mark", mark), "-j RETURN", comment::settled);
        }
        if (policy_.gateway.observe) {
            rule(is("mark", Mark::observed), set("CONNMARK", Mark::observed), comment::save);
            rule(is("mark", Mark::observed), "-j RETURN", comment::observed);
        }
        rule(is("mark", Mark::hostile), fmt::format("-j SET --add-set {} src --exist", hostile_set()), comment::list);
        rule(is("mark", Mark::hostile), "-j DROP", comment::hostile);
        rule(is("mark", Mark::refused), "-j DROP", comment::refused);
        rule("", "-j DROP", comment::unknown);
    }

    // A SYN on a connection that is over, or was, is a new one to whoever owns the port now, though conntrack says
    // ESTABLISHED; only while the connection is not assured it is the first one's repeat.
    // INVALID comes before whatever reads an ICMP header: those matches drop a cut one uncounted.
    // `again` asks for NEW: a connection that a helper expects inherits its master's mark and is still to be judged.
    void judge() {
        chain("JUDGE");
        rule("-p tcp -m conntrack --ctstate ESTABLISHED -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN", "-j RETURN",
             comment::established);
        rule("! -p tcp -m conntrack --ctstate ESTABLISHED", "-j RETURN", comment::established);
        rule("-m conntrack --ctstate ESTABLISHED ! --ctstatus ASSURED", "-j RETURN", comment::established);
        rule("-m conntrack --ctstate INVALID", "-j DROP", comment::invalid);
        for (const int type : dialect_.errors)
            rule(icmp(type) + " -m conntrack --ctstate RELATED", "-j RETURN", comment::related);
        for (const Mark mark : accepted_marks(policy_))
            rule("-m conntrack --ctstate NEW " + is("connmark", mark), "-j RETURN", comment::again);
        if (policy_.gateway.observe)
            rule("-m conntrack --ctstate NEW " + is("connmark", Mark::observed), "-j RETURN", comment::again);
        v4_ ? essentials4() : essentials6();
        break_glass("-p tcp -m tcp --dport 22 -m addrtype --dst-type LOCAL", comment::break_glass);
        break_glass(
            fmt::format("{} {} {} -m addrtype --dst-type LOCAL", dialect_.icmp, dialect_.icmp_type, dialect_.echo),
            comment::break_glass);
        if (passes_ipsec()) rule("-m policy --dir in --pol ipsec", "-j RETURN", comment::ipsec);
        for (const Open& one : policy_.gateway.open) open(one);
        const bool pass = policy_.gateway.unmatched == Unmatched::pass;
        for (const PortRange& range : policy_.gateway.spa)
            rule(fmt::format("-p udp -m udp --dport {}{}", ports(range), pass ? own : ""), go("STEER"), comment::spa);
        rule(from_hostile(), "-j DROP", comment::blackhole);
        if (pass) concerned();
        pass ? rule("", "-j RETURN", comment::unmatched) : plain("", go("STEER"));
    }

    static constexpr std::string_view own = " -m addrtype --dst-type LOCAL";

    // A piece of a packet says nothing of ports: it is judged with what may be ours. Conntrack puts pieces together
    // before these rules, as a rule.
    void concerned() {
        rule(v4_ ? "-f" : "-m frag", go("STEER"), comment::service);
        for (const Service& service : policy_.services)
            for (const auto& [transport, range] : service.ports)
                for (const std::string& to : to_service(service))
                    rule(fmt::format("{}-p {} --dport {}{}", prefixed(to), match_of(transport), ports(range),
                                     suffixed(to)),
                         go("STEER"), comment::service);
        for (const knock::Step& step : policy_.knock_steps())
            rule((step.transport == Transport::icmp
                      ? fmt::format("{} {} {}", dialect_.icmp, dialect_.icmp_type, dialect_.echo)
                      : fmt::format("-p {} --dport {}", match_of(step.transport), step.port)) +
                     std::string{own},
                 go("STEER"), comment::service);
    }

    // Sockets of this host are also reached by its groups, and by the anycast address of each of its IPv6 networks.
    [[nodiscard]] std::vector<std::string> to_service(const Service& service) const {
        if (!service.to.empty()) return of_family("-d", service.to);
        auto words = of_ours();
        if (!v4_) words.push_back(type_of("ANYCAST"));
        return words;
    }

    static std::string_view match_of(Transport transport) {
        return transport == Transport::tcp ? "tcp -m tcp" : "udp -m udp";
    }

    // What a rule says of destinations: "-d PREFIX " in front, or, with a blank before it, their type behind.
    [[nodiscard]] std::vector<std::string> of_family(std::string_view key, const std::vector<Prefix>& prefixes) const {
        std::vector<std::string> words;
        for (const Prefix& prefix : prefixes)
            if ((prefix.address.family == Family::v4) == v4_)
                words.push_back(fmt::format("{} {} ", key, to_text(prefix)));
        return words;
    }
    // The two halves of that: in front of the rest of a rule, or behind it.
    static std::string_view prefixed(std::string_view words) { return words.starts_with(' ') ? "" : words; }
    static std::string_view suffixed(std::string_view words) { return words.starts_with(' ') ? words : ""; }

    // One rule for each kind, source and destination.
    void open(const Open& one) {
        const auto sources = one.from.empty() ? std::vector<std::string>{""} : of_family("-s", one.from);
        const auto targets = one.to.empty() ? of_ours() : of_family("-d", one.to);
        for (const OpenMatch& match : one.matches) {
            if (match.family && (*match.family == Family::v4) != v4_) continue;
            for (const std::string& from : sources)
                for (const std::string& to : targets)
                    rule(fmt::format("{}{}{}{}", from, prefixed(to), kind(match), suffixed(to)), "-j RETURN",
                         comment::open);
        }
    }
    // In IPv6 a list of types means all of them at once.
    [[nodiscard]] std::vector<std::string> of_ours() const {
        if (v4_) return {type_of("LOCAL,BROADCAST,MULTICAST")};
        return {type_of("LOCAL"), type_of("MULTICAST")};
    }
    static std::string type_of(std::string_view types) { return fmt::format(" -m addrtype --dst-type {}", types); }
    [[nodiscard]] std::string kind(const OpenMatch& match) const {
        if (match.ports)
            return fmt::format("-p {} --dport {}", match.protocol == 6 ? "tcp -m tcp" : "udp -m udp",
                               ports(*match.ports));
        if (match.family && match.type) return icmp(*match.type);
        return fmt::format("-p {}", match.protocol);
    }

    static std::string ports(const PortRange& range) {
        return range.first == range.last ? std::to_string(range.first) : fmt::format("{}:{}", range.first, range.last);
    }

    void essentials4() {
        rule("-d 224.0.0.0/4 -p igmp -m ttl --ttl-eq 1", "-j RETURN", comment::igmp);
        for (const char* type : {"LOCAL", "BROADCAST"})
            rule(fmt::format("{} -m addrtype --dst-type {}", dialect_.dhcp, type), "-j RETURN", comment::dhcp);
    }

    // Router and neighbour discovery is sent with hop limit 255 and so cannot come from behind a router (RFC 4861);
    // listener discovery comes from link-local addresses, reports also from none at all (RFC 3590).
    void essentials6() {
        for (const int type : {133, 134, 135, 136}) rule(icmp(type) + " -m hl --hl-eq 255", "-j RETURN", comment::nd);
        for (const char* source : {"::/128", "fe80::/10"})
            for (const int type : {130, 131, 132, 143})
                rule(fmt::format("-s {} {} -m hl --hl-eq 1", source, icmp(type)), "-j RETURN", comment::mld);
        rule(dialect_.dhcp, "-j RETURN", comment::dhcp);
    }

    void break_glass(std::string_view match, std::string_view word) {
        for (const Prefix& prefix : policy_.gateway.break_glass)
            if ((prefix.address.family == Family::v4) == v4_)
                rule(fmt::format("-s {} {}", to_text(prefix), match), "-j RETURN", word);
    }

    // An address in the table of a VRF is local only as seen from the interface that has it.
    // The cluster match never takes a packet without a conntrack entry: the last rule takes everything.
    void steer() {
        const unsigned queues = std::clamp<unsigned>(policy_.gateway.queues, 1, iptables_queues);
        chain("STEER");
        if (inputs_.kind == Kind::emergency) return rule("", "-j DROP", comment::emergency);
        if (policy_.gateway.observe) plain("", set("MARK", Mark::observe));
        for (const char* scope : {"", " --limit-iface-in"})
            rule(fmt::format("-m addrtype --dst-type LOCAL{}", scope), set("MARK", local()), comment::local);
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
    [[nodiscard]] Mark local() const { return policy_.gateway.observe ? Mark::observe_local : Mark::local; }

    // The emergency set asks the kernel for no more than it must.
    [[nodiscard]] bool passes_ipsec() const {
        return policy_.gateway.ipsec == Ipsec::pass && inputs_.kind == Kind::guard;
    }

    // NEW: a connection that a helper expects inherits its master's mark, and has a destination of its own.
    void forward() {
        chain("FORWARD");
        for (const Service* service : forwarded(policy_)) {
            const ForwardTarget* target = service->target(v4_ ? Family::v4 : Family::v6);
            if (!target) continue;
            for (const char* transport : {"tcp", "udp"})
                rule(fmt::format("-p {} -m conntrack --ctstate NEW {}", transport, is("connmark", service->mark)),
                     fmt::format(
                         fmt::runtime(v4_ ? "-j DNAT --to-destination {}:{}" : "-j DNAT --to-destination [{}]:{}"),
                         to_text(target->address), target->port),
                     comment::forward);
        }
    }

    // Whoever emptied the table of `forward` would otherwise let forwarded flows in to the gateway's own ports.
    void astray() {
        chain("ASTRAY");
        rule(fmt::format("-m connmark ! --mark 0x0/{:#x} -m conntrack ! --ctstate DNAT ! --ctstatus EXPECTED",
                         field_.forward_bits()),
             "-j DROP", comment::astray);
    }

    // A segment that no connection explains would begin one that has no mark: of a session that was ended, whose client
    // made the kernel forget it, and whose server goes on.
    void revived() {
        chain("REVIVED");
        plain("", fmt::format("-j {}ASTRAY", iptables_prefix));
        for (std::string name : policy_.gateway.interfaces) {
            if (name.ends_with('*')) name.back() = '+';
            rule(fmt::format("-o {} -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW", name),
                 "-j DROP", comment::revived);
        }
    }

    void out() {
        chain("OUT");
        plain("-o lo", "-j RETURN");
        rule(is("connmark", Mark::revoked), "-j DROP", comment::revoked);
        on_interfaces("-o", "", go("HUSH"));
    }

    // What would break the silence: ICMP errors about no connection at all. The kernel sends them for incomplete
    // fragments and for options it does not know before any rule of ours has seen the packet, and for a DHCP reply that
    // nobody waits for: those pass unproved, so they are not tracked and leave no state. Errors about connections are
    // RELATED and pass.
    void hush() {
        chain("HUSH");
        for (const int type : dialect_.errors)
            rule(icmp(type) + " -m conntrack --ctstate INVALID", "-j DROP", comment::hush);
    }

    const Policy& policy_;
    const MarkField field_;
    const Inputs& inputs_;
    const bool v4_;
    const Dialect& dialect_;
    std::string_view chain_;
    std::string out_;
};

}  // namespace

std::string render_iptables(const Policy& policy, const Inputs& inputs, Family family) {
    return Ruleset{policy, inputs, family}.text();
}

}  // namespace postern::rules
