// How rules read in nft's language: a chain, a rule with its counter and its word, and what they ask of marks,
// interfaces and prefixes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gate/policy.h"

namespace postern::rules::nft {

// Replies to the host's own DHCP clients.
inline constexpr std::string_view dhcp4 = "meta nfproto ipv4 udp sport 67 udp dport 68";
inline constexpr std::string_view dhcp6 = "ip6 saddr fe80::/10 ip6 daddr fe80::/10 udp sport 547 udp dport 546";

// Collects the text of a ruleset, which it is given in order. The gateway outlives it.
class Writer {
public:
    explicit Writer(const Gateway& gateway) noexcept : gateway_{gateway} {}

    void put(std::string_view lines) { out_ += lines; }  // as it stands
    void chain(std::string_view name);                   // begins it
    void end();
    void line(std::string_view rule);  // what needs no counter

    // A rule that counts under its word; an empty verdict lets the packet go on to the next rule.
    // A ruleset that observes drops nothing.
    void rule(std::string_view match, std::string_view verdict, std::string_view word);

    // One rule per prefix; ECHO in `match` stands for the family's echo request.
    void rules_from(const std::vector<Prefix>& prefixes, std::string_view match, std::string_view verdict,
                    std::string_view word);

    // One rule per guarded interface, not a set of names: older kernels take no wildcard in a set.
    void on_interfaces(std::string_view key, std::string_view rest);

    // Asks for a mark, or sets it; `which` is meta, the packet's, or ct, the connection's.
    [[nodiscard]] std::string is(std::string_view which, Mark mark) const;
    [[nodiscard]] std::string set(std::string_view which, Mark mark) const;

    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    const Gateway& gateway_;
    std::string out_;
};

}  // namespace postern::rules::nft
