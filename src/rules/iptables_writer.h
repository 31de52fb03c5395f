// How rules read in the language of iptables and ip6tables: tables, chains and jumps, a rule with its word, and what
// they ask of marks, interfaces, ICMP types and prefixes.
//
// Whoever is "not ours" leaves by RETURN and meets the administrator's own rules; ACCEPT would skip them. The chains
// are entered by goto, so that RETURN leads back behind our jump.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gate/policy.h"

namespace postern::rules::iptables {

// How the families differ.
struct Dialect {
    std::string_view tool, icmp;
    std::uint8_t echo;                     // ICMP type of the request
    std::span<const std::uint8_t> errors;  // ICMP types
    std::string_view dhcp;                 // replies to the host's own client
};

// The targets that end a packet's way through our rules.
inline constexpr std::string_view pass = "-j RETURN", drop = "-j DROP";

// Collects the text of one family's ruleset, which it is given in order. The gateway outlives it.
class Writer {
public:
    Writer(const Gateway& gateway, Family family) noexcept;

    [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }
    [[nodiscard]] Family family() const noexcept { return family_; }
    [[nodiscard]] bool v4() const noexcept { return family_ == Family::v4; }

    void put(std::string_view lines) { out_ += lines; }  // as it stands
    void table(std::string_view name, std::initializer_list<std::string_view> chains);
    void jump(std::string_view hook, std::string_view chain);
    void commit() { put("COMMIT\n"); }

    void chain(std::string_view name) { chain_ = name; }  // what the next rules belong to; the name outlives them
    void plain(std::string_view match, std::string_view target);

    // A rule that counts under its word. A ruleset that observes drops nothing.
    void rule(std::string_view match, std::string_view target, std::string_view word);

    // One rule per prefix of the family, which lets by.
    void rules_from(const std::vector<Prefix>& prefixes, std::string_view match, std::string_view word);

    // One plain rule per guarded interface; the key is -i or -o.
    void on_interfaces(std::string_view key, std::string_view match, std::string_view target);

    // Asks for a mark, or sets it. mark, MARK: the packet's; connmark, CONNMARK: the connection's.
    [[nodiscard]] std::string is(std::string_view match, Mark mark) const;
    [[nodiscard]] std::string not_on(Mark mark) const;  // of the connection; begins with a blank
    [[nodiscard]] std::string set(std::string_view target, Mark mark) const;

    [[nodiscard]] std::string icmp(std::uint8_t type) const;
    [[nodiscard]] std::string hostile_set() const;
    [[nodiscard]] std::string from_hostile() const;

    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    const Gateway& gateway_;
    const Family family_;
    const Dialect& dialect_;
    std::string_view chain_;
    std::string out_;
};

// The target that enters one of our chains.
[[nodiscard]] std::string go(std::string_view chain);

// As iptables wants an interface's name: a + where the policy has a trailing *.
[[nodiscard]] std::string interface_name(std::string name);

}  // namespace postern::rules::iptables
