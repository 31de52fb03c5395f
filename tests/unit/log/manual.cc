// postern-log(5) explains every word that a line can hold, and none that does not exist; its examples are real lines.
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "catch.h"
#include "log/event.h"
#include "unit/log/schema.h"

using namespace postern;
using nlohmann::json;

namespace {

using Words = std::set<std::string>;

std::ifstream open(const std::string& name) {
    std::ifstream file{std::string{POSTERN_SOURCE_DIR "/"} + name};
    if (!file) throw std::runtime_error{"no " + name};
    return file;
}

std::vector<std::string> lines_of(const std::string& section) {
    auto file = open("man/postern-log.5");
    std::vector<std::string> lines;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(".Sh ")) inside = line == ".Sh " + section;
        if (inside) lines.push_back(line);
    }
    return lines;
}

// The words that a section's lists explain.
Words explained(const std::string& section) {
    constexpr std::string_view item = ".It Ic ";
    Words words;
    for (const std::string& line : lines_of(section))
        if (line.starts_with(item)) CHECK(words.insert(line.substr(item.size())).second);
    return words;
}

// Every member that the schema allows in some line.
Words members_of(const json& definitions) {
    Words members;
    for (const auto type : log::event_types) {
        const json& properties = definitions.at(std::string{type}).at("properties");
        for (const auto& [name, rule] : properties.items()) members.insert(name);
        for (const auto& [name, rule] : properties.at("postern").at("properties").items())
            members.insert("postern." + name);
    }
    return members;
}

// The JSON objects of the first literal block, which blank lines separate.
std::vector<json> examples() {
    std::vector<json> found;
    std::string text;
    for (const std::string& line : lines_of("EXAMPLES")) {
        if (line.starts_with('{') || line.starts_with(' ')) text += line;
        if (!line.empty() && !line.starts_with(".Ed")) continue;
        if (text.starts_with('{')) found.push_back(json::parse(text));
        text.clear();
    }
    return found;
}

}  // namespace

TEST_CASE("the manual explains every reason and no other", "[log]") {
    Words reasons;
    for (std::size_t i = 0; i < reason_count; ++i) reasons.emplace(word(static_cast<Reason>(i)));
    CHECK(explained("REASONS") == reasons);
}

TEST_CASE("the manual explains every event type and occurrence and no other", "[log]") {
    CHECK(explained("EVENT TYPES") == Words(log::event_types.begin(), log::event_types.end()));
    CHECK(explained("OCCURRENCES") == Words(log::occurrences.begin(), log::occurrences.end()));
}

TEST_CASE("the manual explains every member of the schema and no other", "[log]") {
    auto file = open("config/postern-log.schema.json");
    CHECK(explained("MEMBERS") == members_of(json::parse(file).at("$defs")));
}

TEST_CASE("the manual's examples satisfy the schema", "[log]") {
    auto file = open("config/postern-log.schema.json");
    const test::Schema schema(json::parse(file));
    const auto lines = examples();
    CHECK(lines.size() == 4);
    for (const json& line : lines) CHECK(schema.accepts(line));
}
