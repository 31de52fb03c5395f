#include "survey/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "rules/saved_rule.h"
#include "survey/lines.h"
#include "survey/nft_listing.h"

namespace postern::survey {
namespace {

using nlohmann::json;
using Words = std::vector<std::string_view>;

constexpr std::uint32_t whole = 0xffffffff;

std::optional<std::uint32_t> number(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// What a rule does to the bits of a mark.
struct Touch {
    std::uint32_t written = 0;   // bits it may change
    std::uint32_t compared = 0;  // bits it looks at
};

// "0x7/0xff"; without a mask all bits are meant.
struct Masked {
    std::uint32_t value = 0;
    std::uint32_t mask = whole;
};
std::optional<Masked> masked(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto value = number(text.substr(0, slash));
    if (!value) return std::nullopt;
    if (slash == std::string_view::npos) return Masked{*value, whole};
    return Masked{*value, number(text.substr(slash + 1)).value_or(whole)};
}

Touch touch_of_iptables(const Words& words) {
    Touch touch;
    const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
    const auto mask = [&](std::string_view key) { return number(behind(words, key)).value_or(whole); };
    if (const auto set = masked(behind(words, "--set-xmark"))) touch.written |= set->mask | set->value;
    if (has("--restore-mark")) touch.written |= mask("--nfmask");
    if (has("--save-mark")) touch.written |= mask("--ctmask");
    if (const auto looked = masked(behind(words, "--mark"))) touch.compared |= looked->mask;
    return touch;
}

// Behind "meta mark set": a value; or the same mark with bits kept and others set; or another mark.
std::uint32_t written_by(const Words& words, std::size_t at) {
    const bool same = at + 1 < words.size() && words[at + 1] == "mark" && at >= 3 && words[at] == words[at - 3];
    if (!same || at + 3 >= words.size() || (words[at + 2] != "&" && words[at + 2] != "and")) return whole;
    const std::uint32_t kept = number(words[at + 3]).value_or(0);
    const std::uint32_t added = at + 5 < words.size() ? number(words[at + 5]).value_or(0) : 0;
    return ~kept | added;
}

std::uint32_t compared_by(const Words& words, std::size_t at) {
    if (at + 1 < words.size() && (words[at] == "&" || words[at] == "and")) return number(words[at + 1]).value_or(whole);
    if (at < words.size() && (words[at] == "!=" || words[at] == "==" || words[at] == "{" || number(words[at])))
        return whole;
    return 0;
}

// Every "meta mark" and "ct mark" of a rule, whatever comes behind; what is inside of a "set" is no comparison.
Touch touch_of_nft(const Words& words) {
    Touch touch;
    for (std::size_t at = 2; at < words.size(); ++at) {
        if (words[at - 1] != "mark" || (words[at - 2] != "meta" && words[at - 2] != "ct")) continue;
        if (words[at] == "set") {
            touch.written |= written_by(words, at + 1);
            return touch;
        }
        touch.compared |= compared_by(words, at);
    }
    return touch;
}

void judge(const Policy& policy, std::string_view where, std::string_view rule, Touch touch, Findings& findings) {
    const std::uint32_t ours = policy.gateway.mark.mask;
    if ((touch.written & ours) != 0)
        findings.push_back(
            {"mark_written",
             fmt::format("a rule of {} writes the bits {:#010x} of a mark, which are ours: a verdict may "
                         "be lost: {}",
                         where, touch.written & ours, rule),
             fmt::format("give it the mask {:#010x}, or let gateway.mark_mask name other bits", ~ours)});
    else if ((touch.compared & ours) != 0)
        findings.push_back({"mark_compared",
                            fmt::format("a rule of {} compares the bits {:#010x} of a mark, which are ours: it treats "
                                        "packets that are let in otherwise: {}",
                                        where, touch.compared & ours, rule),
                            fmt::format("give it the mask {:#010x}, or let gateway.mark_mask name other bits", ~ours)});
}

std::uint32_t hexadecimal(const json& rule, const char* key, std::uint32_t otherwise) {
    const auto found = rule.find(key);
    if (found == rule.end() || !found->is_string()) return otherwise;
    return number(found->get_ref<const std::string&>()).value_or(otherwise);
}

}  // namespace

Result<void> find_mark_routes(const Policy& policy, std::string_view family, std::string_view text,
                              Findings& findings) {
    const json document = json::parse(text, nullptr, false);
    if (!document.is_array())
        return failure(fmt::format("`{} -json rule show` printed something else than a list", family));
    const std::uint32_t ours = policy.gateway.mark.mask;
    for (const json& rule : document) {
        if (!rule.is_object() || !rule.contains("fwmark")) continue;
        const std::uint32_t mark = hexadecimal(rule, "fwmark", 0), mask = hexadecimal(rule, "fwmask", whole);
        if ((mask & ours) == 0) continue;
        findings.push_back(
            {"mark_route",
             fmt::format(
                 "rule {} of `{} rule` looks at the bits {:#010x} of the mark, which are ours: packets that are "
                 "let in take another route",
                 rule.value("priority", 0), family, mask & ours),
             (mark & ours) != 0 ? std::string{"let gateway.mark_mask name bits that it does not use"}
                                : fmt::format("give it a mask: fwmark {:#x}/{:#x}", mark, mask & ~ours)});
    }
    return {};
}

void find_iptables_marks(const Policy& policy, std::string_view tool, const rules::Saved& saved, Findings& findings) {
    for (const rules::SavedTable& table : saved)
        for (const std::string& rule : table.rules)
            if (!rules::is_ours(rules::chain_of(rule)))
                judge(policy, fmt::format("{} {}", tool, table.name), rule, touch_of_iptables(words_of(rule)),
                      findings);
}

void find_nft_marks(const Policy& policy, std::string_view listing, Findings& findings) {
    for (const NftRule& rule : foreign_rules(listing))
        judge(policy, "nft " + rule.table, rule.text, touch_of_nft(words_of(rule.text)), findings);
}

}  // namespace postern::survey
