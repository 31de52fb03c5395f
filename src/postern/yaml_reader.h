// Reads YAML maps whose keys are all known, and collects every mistake with its line and column.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::client {

class YamlReader {
public:
    struct Field {
        std::string_view key;
        // Gets the value and its full name, as "gateway.port".
        std::function<void(const YAML::Node& value, const std::string& name)> read;
        bool required = false;
    };

    explicit YamlReader(std::string file) : file_{std::move(file)} {}

    // Hands every value of the map to its field. Unknown, repeated and missing keys are mistakes.
    void map(const YAML::Node& node, const std::string& name, std::initializer_list<Field> fields);

    // The pairs of a map whose keys are free; repeated keys are mistakes.
    using ReadPair = std::function<void(const YAML::Node& key, const YAML::Node& value, const std::string& name)>;
    void pairs(const YAML::Node& node, const std::string& name, const ReadPair& read);

    // A scalar's text; nothing, and a mistake, on anything else.
    [[nodiscard]] std::optional<std::string> text(const YAML::Node& node, const std::string& name);

    void mistake(const YAML::Node& node, const std::string& text);
    void mistake(const YAML::Mark& mark, const std::string& text);

    [[nodiscard]] std::vector<std::string>& mistakes() noexcept { return mistakes_; }

private:
    std::string file_;
    std::vector<std::string> mistakes_;
};

}  // namespace postern::client
