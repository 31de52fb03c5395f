#include "rules/saved.h"

#include <algorithm>
#include <utility>

#include "rules/saved_rule.h"

namespace postern::rules {
namespace {

// Calls body(line) for each line of a text.
template <class Body>
void for_lines(std::string_view text, Body&& body) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        body(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

const SavedTable* find(const Saved& saved, std::string_view name) {
    const auto found = std::find_if(saved.begin(), saved.end(), [&](const SavedTable& t) { return t.name == name; });
    return found == saved.end() ? nullptr : &*found;
}

// "-D" lines for every rule of others' chains that leads to us.
std::string jumps_out(const SavedTable& table) {
    std::string text;
    for (const std::string& rule : table.rules)
        if (!is_ours(chain_of(rule)) && is_ours(target_of(rule))) text += "-D" + rule.substr(2) + '\n';
    return text;
}

// Lines that empty and delete our chains, but for those that `kept` defines.
std::string chains_out(const SavedTable& table, std::string_view kept = {}) {
    std::string text;
    for (const char* step : {"-F ", "-X "})
        for (const std::string& chain : table.chains)
            if (is_ours(chain) && kept.find(':' + chain + ' ') == std::string_view::npos) text += step + chain + '\n';
    return text;
}

std::string table_out(const SavedTable& table) {
    const std::string text = jumps_out(table) + chains_out(table);
    return text.empty() ? text : "*" + table.name + '\n' + text + "COMMIT\n";
}

// What a rendered text says of one table.
std::string_view table_text(std::string_view rendered, const std::string& name) {
    const std::size_t begin = std::min(rendered.find('*' + name + '\n'), rendered.size());
    rendered.remove_prefix(begin);
    return rendered.substr(0, rendered.find("COMMIT\n"));
}

}  // namespace

Saved parse_saved(std::string_view text) {
    Saved saved;
    for_lines(text, [&](std::string_view line) {
        if (line.starts_with('*')) saved.push_back({std::string{line.substr(1)}, {}, {}});
        if (saved.empty()) return;
        if (line.starts_with(':')) saved.back().chains.emplace_back(line.substr(1, line.find(' ') - 1));
        if (line.starts_with("-A ")) saved.back().rules.emplace_back(line);
    });
    return saved;
}

bool present(const Saved& loaded) {
    return std::any_of(loaded.begin(), loaded.end(), [](const SavedTable& table) { return !table_out(table).empty(); });
}

std::string with_repairs(std::string_view rendered, const Saved& loaded) {
    std::string text, seen;
    const SavedTable* table = nullptr;
    bool jumps_stand = false;
    for_lines(rendered, [&](std::string_view line) {
        if (line.starts_with('*')) {
            table = find(loaded, line.substr(1));
            jumps_stand = true;
            seen.append(line) += '\n';
        }
        if (line.starts_with("-I ") && table && std::exchange(jumps_stand, false)) text += jumps_out(*table);
        if (line == "COMMIT" && table) text += chains_out(*table, table_text(rendered, table->name));
        text.append(line) += '\n';
    });
    for (const SavedTable& other : loaded)
        if (seen.find('*' + other.name + '\n') == std::string::npos) text += table_out(other);
    return text;
}

std::string render_removal(const Saved& loaded) {
    std::string text;
    for (const char* name : {"mangle", "nat", "raw"})
        if (const SavedTable* table = find(loaded, name)) text += table_out(*table);
    return text;
}

}  // namespace postern::rules
