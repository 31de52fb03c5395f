// Inside of control/: the one place that dumps and parses, so that no byte of a stranger becomes an exception.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace postern::control::detail {

using Json = nlohmann::ordered_json;  // members in the order in which they were put in

// One line of ASCII; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] inline std::string dump(const Json& value) {
    return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// A discarded value where the text is no JSON, or so deep that writing it again would take the stack.
[[nodiscard]] inline Json parse(std::string_view text) {
    constexpr int deepest = 16;
    bool deep = false;
    Json parsed = Json::parse(
        text, [&](int depth, Json::parse_event_t, const Json&) { return !(deep = deep || depth > deepest); }, false);
    return deep ? Json(Json::value_t::discarded) : parsed;
}

}  // namespace postern::control::detail
