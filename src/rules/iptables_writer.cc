#include "rules/iptables_writer.h"

#include <fmt/format.h>

#include "rules/essentials.h"
#include "rules/words.h"

namespace postern::rules::iptables {
namespace {

constexpr Dialect dialect4{"iptables", "-p icmp -m icmp --icmp-type", essential::echo4, essential::errors4,
                           "-p udp -m udp --sport 67 --dport 68"};
constexpr Dialect dialect6{"ip6tables", "-p ipv6-icmp -m icmp6 --icmpv6-type", essential::echo6, essential::errors6,
                           "-s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546"};

}  // namespace

Writer::Writer(const Gateway& gateway, Family family) noexcept
    : gateway_{gateway}, family_{family}, dialect_{family == Family::v4 ? dialect4 : dialect6} {}

void Writer::table(std::string_view name, std::initializer_list<std::string_view> chains) {
    out_ += fmt::format("*{}\n", name);
    for (const std::string_view chain : chains) out_ += fmt::format(":{}{} - [0:0]\n", iptables_prefix, chain);
}

void Writer::jump(std::string_view hook, std::string_view chain) {
    out_ += fmt::format("-I {} 1 -j {}{}\n", hook, iptables_prefix, chain);
}

void Writer::plain(std::string_view match, std::string_view target) {
    out_ += fmt::format("-A {}{} {}{}{}\n", iptables_prefix, chain_, match, match.empty() ? "" : " ", target);
}

void Writer::rule(std::string_view match, std::string_view target, std::string_view word) {
    if (gateway_.observe && target == drop) target = pass;
    plain(match, fmt::format("-m comment --comment \"postern {}\" {}", word, target));
}

void Writer::rules_from(const std::vector<Prefix>& prefixes, std::string_view match, std::string_view word) {
    for (const Prefix& prefix : prefixes)
        if (prefix.address.family == family_) rule(fmt::format("-s {} {}", to_text(prefix), match), pass, word);
}

void Writer::on_interfaces(std::string_view key, std::string_view match, std::string_view target) {
    for (const std::string& name : gateway_.interfaces)
        plain(fmt::format("{} {}{}{}", key, interface_name(name), match.empty() ? "" : " ", match), target);
}

std::string Writer::is(std::string_view match, Mark mark) const {
    return fmt::format("-m {0} --mark {1:#x}/{2:#x}", match, gateway_.mark.bits(mark), gateway_.mark.mask);
}

std::string Writer::not_on(Mark mark) const {
    return fmt::format(" -m connmark ! --mark {:#x}/{:#x}", gateway_.mark.bits(mark), gateway_.mark.mask);
}

std::string Writer::set(std::string_view target, Mark mark) const {
    return fmt::format("-j {} --set-xmark {:#x}/{:#x}", target, gateway_.mark.bits(mark), gateway_.mark.mask);
}

std::string Writer::icmp(std::uint8_t type) const { return fmt::format("{} {}", dialect_.icmp, type); }

std::string Writer::hostile_set() const { return fmt::format("{}hostile{}", ipset_prefix, v4() ? 4 : 6); }

std::string Writer::from_hostile() const { return fmt::format("-m set --match-set {} src", hostile_set()); }

std::string go(std::string_view chain) { return fmt::format("-g {}{}", iptables_prefix, chain); }

std::string interface_name(std::string name) {
    if (name.ends_with('*')) name.back() = '+';
    return name;
}

}  // namespace postern::rules::iptables
