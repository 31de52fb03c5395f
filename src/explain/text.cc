// Explanations as a person reads them. Works from the JSON, which is what comes from a running daemon as well.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "explain/advice.h"
#include "explain/report.h"

namespace postern::explain {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* name) {
    const auto member = object.find(name);
    if (member == object.end()) return {};
    return member->is_string() ? member->get<std::string>() : member->dump();
}

// 198.51.100.7:40000, [2001:db8::7]:40000, or the address alone.
std::string end_of(const Json& line, const char* address, const char* port) {
    const std::string host = text_of(line, address);
    if (!line.contains(port)) return host;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? '[' + host + ']' : host) + ':' + text_of(line, port);
}

std::string tuple_of(const Json& line) {
    if (!line.contains("src_ip")) return "";
    std::string tuple = end_of(line, "src_ip", "src_port");
    if (line.contains("dest_ip")) tuple += " > " + end_of(line, "dest_ip", "dest_port");
    if (line.contains("icmp_type")) tuple += " type " + text_of(line, "icmp_type");
    return tuple;
}

// What it opened, used or belongs to: every further member of `postern`, under its own name.
std::string names_of(const Json& ours) {
    std::string names;
    for (const auto& [name, value] : ours.items()) {
        if (name == "v" || name == "verdict" || name == "reason" || name == "what" || name == "queue" ||
            name == "attempt" || name == "advice")
            continue;
        names += fmt::format(" {}={}", name, text_of(ours, name.c_str()));
    }
    return names;
}

std::string outcome(const Json& line, const Json& ours) {
    const std::string type = text_of(line, "event_type");
    return type == "verdict" ? text_of(ours, "verdict") : type;
}

std::string_view meaning_of(std::string_view word) {
    for (const auto& row : postern::detail::reason_rows)
        if (row.word == word) return row.meaning;
    for (const auto& row : detail::aside_rows)
        if (row.word == word) return row.meaning;
    return "";
}

std::string_view advice_of(std::string_view word) {
    for (std::size_t i = 0; i < reason_count; ++i)
        if (postern::word(static_cast<Reason>(i)) == word) return advice(static_cast<Reason>(i));
    return "";
}

std::string table(std::string_view heading, const Sums::ByWord& counts) {
    if (counts.empty()) return "";
    std::vector<std::pair<std::string_view, std::uint64_t>> rows(counts.begin(), counts.end());
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.second; });
    std::string text = fmt::format("\n{:>9}  {:<20}  MEANING\n", "PACKETS", heading);
    for (const auto& [word, count] : rows) {
        text += fmt::format("{:>9}  {:<20}  {}\n", count, word, meaning_of(word));
        if (!advice_of(word).empty()) text += fmt::format("{:>9}  {:<20}  needed: {}\n", "", "", advice_of(word));
    }
    return text;
}

std::string listed(const Sums::ByWord& counts) {
    std::string text;
    for (const auto& [word, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    return text;
}

}  // namespace

std::string to_text(const std::string& text) {
    const Json line = Json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("postern")) return "";
    const Json& ours = line["postern"];
    const std::string word = text_of(ours, ours.contains("reason") ? "reason" : "what");
    std::string time = text_of(line, "timestamp");
    if (time.size() == 27) time = time.substr(11, 15);
    const std::string number = line.contains("pcap_cnt") ? fmt::format("{:>6} ", text_of(line, "pcap_cnt")) : "";
    std::string all = fmt::format("{}{} {:<9} {} {:<10} {}{}", number, time, text_of(line, "proto"), tuple_of(line),
                                  outcome(line, ours), word, names_of(ours));
    std::ranges::replace_if(
        all, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return all;
}

std::string with_reasons(const std::string& line) {
    const Json parsed = Json::parse(line, nullptr, false);
    const std::string word = parsed.contains("postern") ? text_of(parsed["postern"], "reason") : "";
    std::string all = to_text(line) + fmt::format("\n    why:    {}", meaning_of(word));
    if (!advice_of(word).empty()) all += fmt::format("\n    needed: {}", advice_of(word));
    return all;
}

std::string to_text(const Sums& sums) {
    std::string text = fmt::format("{} packets\n", sums.packets());
    text += table("VERDICTS", sums.of(Kind::verdict));
    text += table("NOT QUEUED", sums.of(Kind::not_queued));
    text += table("UNJUDGED", sums.of(Kind::unjudged));
    if (!sums.sources().empty()) text += fmt::format("\n{:<39}  PACKETS\n", "SOURCE");
    for (const auto& [source, counts] : sums.sources())
        text += fmt::format("{:<39}  {}\n", postern::to_text(source), listed(counts));
    if (!sums.elsewhere().empty()) text += fmt::format("{:<39}  {}\n", "without a source", listed(sums.elsewhere()));
    return text;
}

}  // namespace postern::explain
