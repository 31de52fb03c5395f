// postern.yaml(5) and the schema say the same, and the schema's own words hold.
#include <sstream>

#include "catch.h"
#include "unit/config/manual_entry.h"
#include "unit/config/policy_files.h"

namespace postern::config::test {
namespace {

// The text of an item, line breaks as blanks, macro lines apart.
using Items = std::vector<std::pair<std::string, std::string>>;

Items manual_items() {
    std::istringstream page{read_whole(fs::path{POSTERN_SOURCE_DIR} / "man/postern.yaml.5")};
    Items items;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with(".Sh ")) inside = line == ".Sh KEYS";
        if (inside && line.starts_with(".It Ic "))
            items.emplace_back(line.substr(7), "");
        else if (inside && !items.empty())
            items.back().second.append(line).append(" ");
    }
    return items;
}

TEST_CASE("the manual has every key of the schema, in its order, and no other", "[config]") {
    const Items items = manual_items();
    REQUIRE(items.size() == schema().size());
    for (std::size_t i = 0; i < items.size(); ++i) CHECK(items[i].first == schema()[i].path);
}

TEST_CASE("the manual says what the schema says: meaning, type, range, unit and default", "[config]") {
    for (const auto& [path, text] : manual_items()) {
        INFO(path);
        const Key* row = key(path);
        REQUIRE(row);
        CHECK(text.starts_with(row->meaning));
        CHECK(text.find(".br " + manual_entry(*row)) != std::string::npos);
    }
}

TEST_CASE("every key of the shipped policy stands in it with its default", "[config]") {
    const std::string policy = read_whole(fs::path{POSTERN_SOURCE_DIR} / "config/postern.yaml");
    for (const Key& row : schema()) {
        INFO(row.path);
        CHECK(policy.find(std::string{leaf(row.path)} + ":") != std::string::npos);
        CHECK(policy.find(row.fallback) != std::string::npos);
    }
}

TEST_CASE("defaults are values of their type and range", "[config]") {
    Draft draft;
    draft.services.emplace_back();
    draft.clients.emplace_back();
    draft.knocks.emplace_back();
    for (const Key& row : schema()) {
        INFO(row.path);
        if (!row.fallback.empty()) CHECK(row.store(draft, {std::string{row.fallback}, {}, row.range}));
        CHECK((row.need == Need::optional || row.fallback.empty()));
        CHECK(row.meaning.ends_with('.'));
    }
}

TEST_CASE("every key but the outermost stands in a section of the schema", "[config]") {
    for (const Key& row : schema()) {
        INFO(row.path);
        const auto around = parent(row.path);
        const auto section = leaf(around) == "NAME" || leaf(around) == "ENTRY" ? parent(around) : around;
        CHECK((section.empty() || key(section) != nullptr));
    }
}

}  // namespace
}  // namespace postern::config::test
