#include "rules/iptables_judge.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <vector>

#include "rules/choices.h"
#include "rules/essentials.h"
#include "rules/words.h"

namespace postern::rules::iptables {
namespace {

constexpr std::string_view own = " -m addrtype --dst-type LOCAL";

std::string ports(const PortRange& range) {
    return range.first == range.last ? std::to_string(range.first) : fmt::format("{}:{}", range.first, range.last);
}

std::string_view match_of(Transport transport) { return transport == Transport::tcp ? "tcp -m tcp" : "udp -m udp"; }

std::string type_of(std::string_view types) { return fmt::format(" -m addrtype --dst-type {}", types); }

// What a rule says of destinations stands in front of the rest, "-d PREFIX ", or, with a blank before it, behind it.
std::string_view prefixed(std::string_view words) { return words.starts_with(' ') ? "" : words; }
std::string_view suffixed(std::string_view words) { return words.starts_with(' ') ? words : ""; }

class Judge {
public:
    Judge(Writer& write, const Policy& policy, const Inputs& inputs)
        : write_{write}, policy_{policy}, inputs_{inputs} {}

    void chain() {
        write_.chain("JUDGE");
        known();
        write_.v4() ? essentials4() : essentials6();
        exempt();
        rest();
    }

private:
    // A SYN on a connection that is over, or was, is a new one to whoever owns the port now, though conntrack says
    // ESTABLISHED; only while the connection is not assured it is the first one's repeat.
    // INVALID comes before whatever reads an ICMP header: those matches drop a cut one uncounted.
    // `again` asks for NEW: a connection that a helper expects inherits its master's mark and is still to be judged.
    void known() {
        rule("-p tcp -m conntrack --ctstate ESTABLISHED -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN", pass,
             comment::established);
        rule("! -p tcp -m conntrack --ctstate ESTABLISHED", pass, comment::established);
        rule("-m conntrack --ctstate ESTABLISHED ! --ctstatus ASSURED", pass, comment::established);
        rule("-m conntrack --ctstate INVALID", drop, comment::invalid);
        for (const std::uint8_t type : write_.dialect().errors)
            rule(write_.icmp(type) + " -m conntrack --ctstate RELATED", pass, comment::related);
        for (const Mark mark : marks_let_in(policy_))
            rule("-m conntrack --ctstate NEW " + write_.is("connmark", mark), pass, comment::again);
    }

    void essentials4() {
        rule("-d 224.0.0.0/4 -p igmp -m ttl --ttl-eq 1", pass, comment::igmp);
        for (const char* type : {"LOCAL", "BROADCAST"})
            rule(std::string{write_.dialect().dhcp} + type_of(type), pass, comment::dhcp);
    }

    void essentials6() {
        messages(essential::discovery, "", comment::nd);
        for (const Prefix& from : essential::listeners_from)
            messages(essential::listeners, fmt::format("-s {}/{} ", to_text(from.address), from.length), comment::mld);
        rule(write_.dialect().dhcp, pass, comment::dhcp);
    }
    void messages(const essential::Messages& of, std::string_view from, std::string_view word) {
        for (const std::uint8_t type : of.types)
            rule(fmt::format("{}{} -m hl --hl-eq {}", from, write_.icmp(type), of.hop_limit), pass, word);
    }

    // What the policy lets by.
    void exempt() {
        const auto& prefixes = policy_.gateway.break_glass;
        write_.rules_from(prefixes, fmt::format("-p tcp -m tcp --dport 22{}", own), comment::break_glass);
        write_.rules_from(prefixes, echo() + std::string{own}, comment::break_glass);
        if (passes_ipsec(policy_, inputs_)) rule("-m policy --dir in --pol ipsec", pass, comment::ipsec);
        for (const Open& one : policy_.gateway.open) open(one);
    }

    // One rule for each kind, source and destination.
    void open(const Open& one) {
        const auto sources = one.from.empty() ? std::vector<std::string>{""} : of_family("-s", one.from);
        const auto targets = one.to.empty() ? of_ours() : of_family("-d", one.to);
        for (const OpenMatch& match : one.matches) {
            if (match.family && *match.family != write_.family()) continue;
            for (const std::string& from : sources)
                for (const std::string& to : targets)
                    rule(fmt::format("{}{}{}{}", from, prefixed(to), kind(match), suffixed(to)), pass, comment::open);
        }
    }
    [[nodiscard]] std::string kind(const OpenMatch& match) const {
        if (match.ports)
            return fmt::format("-p {} --dport {}", match.protocol == IPPROTO_TCP ? "tcp -m tcp" : "udp -m udp",
                               ports(*match.ports));
        if (match.family && match.type) return write_.icmp(*match.type);
        return fmt::format("-p {}", match.protocol);
    }

    void rest() {
        const bool unmatched_pass = policy_.gateway.unmatched == Unmatched::pass;
        for (const PortRange& range : policy_.gateway.spa)
            rule(fmt::format("-p udp -m udp --dport {}{}", ports(range), unmatched_pass ? own : ""), go("STEER"),
                 comment::spa);
        rule(write_.from_hostile(), drop, comment::blackhole);
        if (!unmatched_pass) return write_.plain("", go("STEER"));
        concerned();
        rule("", pass, comment::unmatched);
    }

    // A piece of a packet says nothing of ports: it is judged with what may be ours. Conntrack puts pieces together
    // before these rules, as a rule.
    void concerned() {
        to_steer(write_.v4() ? "-f" : "-m frag");
        for (const Service& service : policy_.services)
            for (const auto& [transport, range] : service.ports)
                for (const std::string& to : to_service(service))
                    to_steer(fmt::format("{}-p {} --dport {}{}", prefixed(to), match_of(transport), ports(range),
                                         suffixed(to)));
        for (const knock::Step& step : policy_.knock_steps()) to_steer(kind(step) + std::string{own});
    }
    [[nodiscard]] std::string kind(const knock::Step& step) const {
        if (step.transport == Transport::icmp) return echo();
        return fmt::format("-p {} --dport {}", match_of(step.transport), step.port);
    }

    // Sockets of this host are also reached by its groups, and by the anycast address of each of its IPv6 networks.
    [[nodiscard]] std::vector<std::string> to_service(const Service& service) const {
        if (!service.to.empty()) return of_family("-d", service.to);
        auto words = of_ours();
        if (!write_.v4()) words.push_back(type_of("ANYCAST"));
        return words;
    }

    // In IPv6 a list of types means all of them at once.
    [[nodiscard]] std::vector<std::string> of_ours() const {
        if (write_.v4()) return {type_of("LOCAL,BROADCAST,MULTICAST")};
        return {type_of("LOCAL"), type_of("MULTICAST")};
    }

    [[nodiscard]] std::vector<std::string> of_family(std::string_view key, const std::vector<Prefix>& prefixes) const {
        std::vector<std::string> words;
        for (const Prefix& prefix : prefixes)
            if (prefix.address.family == write_.family()) words.push_back(fmt::format("{} {} ", key, to_text(prefix)));
        return words;
    }

    [[nodiscard]] std::string echo() const { return write_.icmp(write_.dialect().echo); }
    void to_steer(std::string_view match) { rule(match, go("STEER"), comment::service); }
    void rule(std::string_view match, std::string_view target, std::string_view word) {
        write_.rule(match, target, word);
    }

    Writer& write_;
    const Policy& policy_;
    const Inputs& inputs_;
};

}  // namespace

void write_judge(Writer& write, const Policy& policy, const Inputs& inputs) { Judge{write, policy, inputs}.chain(); }

}  // namespace postern::rules::iptables
