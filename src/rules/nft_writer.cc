#include "rules/nft_writer.h"

#include <fmt/format.h>

namespace postern::rules::nft {

void Writer::chain(std::string_view name) { out_ += fmt::format("    chain {} {{\n", name); }

void Writer::end() { out_ += "    }\n"; }

void Writer::line(std::string_view rule) { out_ += fmt::format("        {}\n", rule); }

void Writer::rule(std::string_view match, std::string_view verdict, std::string_view word) {
    if (gateway_.observe && verdict == "drop") verdict = "accept";
    const std::string_view before = match.empty() ? "" : " ";
    const std::string_view after = verdict.empty() ? "" : " ";
    line(fmt::format("{}{}counter{}{} comment \"postern {}\"", match, before, after, verdict, word));
}

void Writer::rules_from(const std::vector<Prefix>& prefixes, std::string_view match, std::string_view verdict,
                        std::string_view word) {
    for (const Prefix& prefix : prefixes) {
        const bool v4 = prefix.address.family == Family::v4;
        std::string text{match};
        if (text.starts_with("ECHO")) text.replace(0, 4, v4 ? "icmp type echo-request" : "icmpv6 type echo-request");
        rule(fmt::format("{} saddr {} {}", v4 ? "ip" : "ip6", to_text(prefix), text), verdict, word);
    }
}

void Writer::on_interfaces(std::string_view key, std::string_view rest) {
    for (const std::string& name : gateway_.interfaces)
        line(name == "*" ? std::string{rest} : fmt::format("{} \"{}\" {}", key, name, rest));
}

std::string Writer::is(std::string_view which, Mark mark) const {
    return fmt::format("{} mark & {:#010x} == {:#010x}", which, gateway_.mark.mask, gateway_.mark.bits(mark));
}

std::string Writer::set(std::string_view which, Mark mark) const {
    return fmt::format("{0} mark set {0} mark & {1:#010x} | {2:#010x}", which, ~gateway_.mark.mask,
                       gateway_.mark.bits(mark));
}

}  // namespace postern::rules::nft
