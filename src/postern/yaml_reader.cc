#include "postern/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/printable.h"

namespace postern::client {
namespace {

std::string joined(std::string_view map, std::string_view key) {
    return map.empty() ? std::string{key} : fmt::format("{}.{}", map, key);
}

std::string known_keys(std::initializer_list<YamlReader::Field> fields) {
    std::string names;
    for (const auto& field : fields) names += fmt::format("{}{}", names.empty() ? "" : ", ", field.key);
    return names;
}

}  // namespace

void YamlReader::mistake(const YAML::Mark& mark, const std::string& text) {
    const std::string line = printable(text);
    mistakes_.push_back(mark.is_null() ? fmt::format("{}: {}", file_, line)
                                       : fmt::format("{}:{}:{}: {}", file_, mark.line + 1, mark.column + 1, line));
}

void YamlReader::mistake(const YAML::Node& node, const std::string& text) { mistake(node.Mark(), text); }

std::optional<std::string> YamlReader::text(const YAML::Node& node, const std::string& name) {
    if (node.IsScalar()) return node.Scalar();
    mistake(node, fmt::format("{}: expected one value", name));
    return std::nullopt;
}

void YamlReader::pairs(const YAML::Node& node, const std::string& name, const ReadPair& read) {
    if (!node.IsMap())
        return mistake(node, fmt::format("{}: expected `key: value` lines", name.empty() ? "file" : name));
    std::set<std::string> seen;
    for (const auto& pair : node) {
        const auto key = text(pair.first, joined(name, "a key"));
        if (!key) continue;
        if (!seen.insert(*key).second) mistake(pair.first, fmt::format("{}: stands here twice", joined(name, *key)));
        read(pair.first, pair.second, joined(name, *key));
    }
}

void YamlReader::map(const YAML::Node& node, const std::string& name, std::initializer_list<Field> fields) {
    std::set<std::string> present;
    pairs(node, name, [&](const YAML::Node& key, const YAML::Node& value, const std::string& full) {
        const auto field =
            std::find_if(fields.begin(), fields.end(), [&](const Field& row) { return row.key == key.Scalar(); });
        if (field == fields.end())
            return mistake(key, fmt::format("{}: unknown key, expected one of {}", full, known_keys(fields)));
        present.insert(key.Scalar());
        field->read(value, full);
    });
    if (!node.IsMap()) return;
    for (const Field& field : fields)
        if (field.required && !present.contains(std::string{field.key}))
            mistake(node, fmt::format("{}: is missing", joined(name, field.key)));
}

}  // namespace postern::client
