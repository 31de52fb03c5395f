// JSON of explanations: the log's own line, with what a capture adds.
#include <nlohmann/json.hpp>

#include "explain/advice.h"
#include "explain/report.h"

namespace postern::explain {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& line) { return line.dump(-1, ' ', true, Json::error_handler_t::replace); }

Json json_of(const Sums::ByWord& counts) {
    Json object = Json::object();
    for (const auto& [word, count] : counts) object[std::string{word}] = count;
    return object;
}

Json json_of(const std::map<IpAddress, Sums::ByWord>& sources) {
    Json object = Json::object();
    for (const auto& [source, counts] : sources) object[postern::to_text(source)] = json_of(counts);
    return object;
}

std::optional<Reason> reason_of(const Json& line) {
    const std::string reason =
        line.contains("postern") ? line["postern"].value("reason", std::string{}) : std::string{};
    for (std::size_t i = 0; i < reason_count; ++i)
        if (postern::word(static_cast<Reason>(i)) == reason) return static_cast<Reason>(i);
    return std::nullopt;
}

}  // namespace

std::string to_json(const Explanation& explanation) {
    const Json judged = Json::parse(log::to_json(explanation.event));
    Json line = Json::object();
    for (const auto& [name, value] : judged.items()) {
        line[name] = value;
        if (name == "timestamp") line["pcap_cnt"] = explanation.number;
    }
    if (!explanation.aside) return dump(line);
    line["event_type"] = word(explanation.kind());
    line["postern"] = {{"v", log::schema_version}, {"reason", explanation.word()}};
    return dump(line);
}

std::string to_json(const Sums& sums) {
    Json ours{{"v", log::schema_version}, {"packets", sums.packets()}};
    ours["verdicts"] = json_of(sums.of(Kind::verdict));
    ours["not_queued"] = json_of(sums.of(Kind::not_queued));
    ours["unjudged"] = json_of(sums.of(Kind::unjudged));
    ours["sources"] = json_of(sums.sources());
    ours["without_source"] = json_of(sums.elsewhere());
    return dump({{"event_type", "sums"}, {"postern", ours}});
}

std::string with_advice(const std::string& text) {
    Json line = Json::parse(text, nullptr, false);
    if (!line.is_object()) return text;
    if (const auto reason = reason_of(line)) line["postern"]["advice"] = advice(*reason);
    return dump(line);
}

}  // namespace postern::explain
