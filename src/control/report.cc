// Reports to JSON and back, over the lists of fields.h.
#include <concepts>

#include "base/timestamp.h"
#include "control/fields.h"
#include "control/json.h"

namespace postern::control {
namespace {

using detail::Json;

// --- writing ---

Json write(const std::string& text) { return text; }
Json write(WallTime time) { return to_text(time); }
Json write(std::integral auto number) { return number; }
Json write(const std::map<std::string, std::uint64_t>& counts);
Json write(std::optional<std::uint64_t> number) { return number ? Json(*number) : Json(nullptr); }
template <class T>
Json write(const std::vector<T>& list);

template <detail::HasFields Report>
Json write(const Report& report) {
    Json object = Json::object();
    detail::fields(report, [&](const char* name, const auto& member) { object[name] = write(member); });
    return object;
}

template <class T>
Json write(const std::vector<T>& list) {
    Json array = Json::array();
    for (const T& item : list) array.push_back(write(item));
    return array;
}

Json write(const std::map<std::string, std::uint64_t>& counts) {
    Json object = Json::object();
    for (const auto& [name, count] : counts) object[name] = count;
    return object;
}

// --- reading: false where the value is of another kind ---

bool read(const Json& value, std::string& text) {
    if (!value.is_string()) return false;
    text = value.get<std::string>();
    return true;
}

bool read(const Json& value, WallTime& time) {
    const auto parsed = value.is_string() ? parse_wall_time(value.get<std::string>()) : std::nullopt;
    if (parsed) time = *parsed;
    return parsed.has_value();
}

template <std::integral Number>
bool read(const Json& value, Number& number) {
    if (!(std::signed_integral<Number> ? value.is_number_integer() : value.is_number_unsigned())) return false;
    number = value.get<Number>();
    return value == number;  // it fitted
}

bool read(const Json& value, std::map<std::string, std::uint64_t>& counts);
bool read(const Json& value, std::optional<std::uint64_t>& number) {
    number.reset();
    return value.is_null() || read(value, number.emplace());
}
template <class T>
bool read(const Json& value, std::vector<T>& list);

template <detail::HasFields Report>
bool read(const Json& value, Report& report) {
    bool fits = value.is_object();
    detail::fields(report, [&](const char* name, auto& member) {
        fits = fits && value.contains(name) && read(value.at(name), member);
    });
    return fits;
}

template <class T>
bool read(const Json& value, std::vector<T>& list) {
    if (!value.is_array()) return false;
    for (const Json& item : value)
        if (!read(item, list.emplace_back())) return false;
    return true;
}

bool read(const Json& value, std::map<std::string, std::uint64_t>& counts) {
    if (!value.is_object()) return false;
    for (const auto& [name, count] : value.items())
        if (!read(count, counts[name])) return false;
    return true;
}

template <class Report>
Result<Report> read_whole(std::string_view result) {
    Report report;
    if (read(detail::parse(result), report)) return report;
    return failure("the daemon's reply is of another kind than expected; is it of another version?");
}

}  // namespace

std::string to_json(const Status& status) { return detail::dump(write(status)); }
std::string to_json(const std::vector<GrantRow>& rows) { return detail::dump(write(rows)); }
std::string to_json(const std::vector<FlowRow>& rows) { return detail::dump(write(rows)); }
std::string to_json(const RevokeReport& report) { return detail::dump(write(report)); }
std::string to_json(const ReloadReport& report) { return detail::dump(write(report)); }
std::string to_json(const RulesetReport& report) { return detail::dump(write(report)); }

Result<Status> read_status(std::string_view result) { return read_whole<Status>(result); }
Result<std::vector<GrantRow>> read_grants(std::string_view result) { return read_whole<std::vector<GrantRow>>(result); }
Result<std::vector<FlowRow>> read_flows(std::string_view result) { return read_whole<std::vector<FlowRow>>(result); }
Result<RevokeReport> read_revoke_report(std::string_view result) { return read_whole<RevokeReport>(result); }
Result<ReloadReport> read_reload_report(std::string_view result) { return read_whole<ReloadReport>(result); }
Result<RulesetReport> read_ruleset_report(std::string_view result) { return read_whole<RulesetReport>(result); }

}  // namespace postern::control
