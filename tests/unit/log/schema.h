// Enough of JSON Schema (draft 2020-12) to hold a log line to the shipped schema. A keyword that is not understood here
// is an exception, so that no rule of the schema goes unchecked.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>

namespace postern::test {

class Schema {
public:
    explicit Schema(nlohmann::json root) : root_(std::move(root)) {}  // braces would make an array

    [[nodiscard]] bool accepts(const nlohmann::json& value) const { return accepts(root_, value); }

    // The schema that "#/$defs/NAME" points at.
    [[nodiscard]] const nlohmann::json& definition(const std::string& name) const { return root_.at("$defs").at(name); }

private:
    using Json = nlohmann::json;

    [[nodiscard]] bool accepts(const Json& schema, const Json& value) const {
        return std::all_of(schema.items().begin(), schema.items().end(),
                           [&](const auto& rule) { return holds(schema, rule.key(), rule.value(), value); });
    }

    [[nodiscard]] bool holds(const Json& schema, const std::string& keyword, const Json& rule,
                             const Json& value) const {
        if (keyword == "$schema" || keyword == "title" || keyword == "$defs") return true;
        if (keyword == "$ref") return accepts(root_.at(Json::json_pointer{rule.get<std::string>().substr(1)}), value);
        if (keyword == "oneOf") return count(rule, value) == 1;
        if (keyword == "type") return is(rule.get<std::string>(), value);
        if (keyword == "const") return value == rule;
        if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
        if (keyword == "minimum") return !value.is_number() || value >= rule;
        if (keyword == "maximum") return !value.is_number() || value <= rule;
        if (keyword == "pattern") return !value.is_string() || matches(rule.get<std::string>(), value);
        if (keyword == "required") return !value.is_object() || has_all(rule, value);
        if (keyword == "properties") return !value.is_object() || members_hold(rule, value);
        if (keyword == "additionalProperties" && rule == false)
            return !value.is_object() || has_no_other(schema.at("properties"), value);
        throw std::runtime_error{"this schema reader does not know " + keyword};
    }

    [[nodiscard]] std::ptrdiff_t count(const Json& rules, const Json& value) const {
        return std::count_if(rules.begin(), rules.end(), [&](const Json& rule) { return accepts(rule, value); });
    }
    [[nodiscard]] static bool is(const std::string& type, const Json& value) {
        if (type == "object") return value.is_object();
        if (type == "string") return value.is_string();
        if (type == "integer") return value.is_number_integer();
        if (type == "boolean") return value.is_boolean();
        throw std::runtime_error{"this schema reader does not know the type " + type};
    }
    [[nodiscard]] static bool matches(const std::string& pattern, const Json& value) {
        return std::regex_search(value.get<std::string>(), std::regex{pattern, std::regex::ECMAScript});
    }
    [[nodiscard]] static bool has_all(const Json& names, const Json& value) {
        return std::all_of(names.begin(), names.end(), [&](const Json& name) { return value.contains(name); });
    }
    [[nodiscard]] bool members_hold(const Json& rules, const Json& value) const {
        return std::all_of(rules.items().begin(), rules.items().end(), [&](const auto& rule) {
            return !value.contains(rule.key()) || accepts(rule.value(), value.at(rule.key()));
        });
    }
    [[nodiscard]] static bool has_no_other(const Json& known, const Json& value) {
        return std::all_of(value.items().begin(), value.items().end(),
                           [&](const auto& member) { return known.contains(member.key()); });
    }

    Json root_;
};

}  // namespace postern::test
