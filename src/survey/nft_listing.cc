#include "survey/nft_listing.h"

#include <algorithm>

#include "rules/words.h"
#include "survey/lines.h"

namespace postern::survey {
namespace {

bool is_of_iptables(std::string_view family, std::string_view name) {
    constexpr std::string_view tables[] = {"raw", "mangle", "nat", "filter", "security"};
    return (family == "ip" || family == "ip6") && std::ranges::find(tables, name) != std::end(tables);
}

bool is_foreign(const std::vector<std::string_view>& head) {
    return !(head[1] == "inet" && head[2] == rules::nft_table) && !is_of_iptables(head[1], head[2]);
}

std::string_view trimmed(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
}

// Where in the listing a line stands.
struct Place {
    std::string table, chain;
    bool foreign = false;

    // Whether the line says where those behind it are.
    bool moves(std::string_view line) {
        const auto words = words_of(line);
        if (words.size() == 4 && words[0] == "table" && words[3] == "{") {
            table = std::string{words[1]} + ' ' + std::string{words[2]};
            foreign = is_foreign(words);
            return true;
        }
        if (words.size() == 3 && words[2] == "{" && line.starts_with('\t')) {
            chain = words[0] == "chain" ? words[1] : "";
            return true;
        }
        return words.empty() || words[0] == "}" || words[0] == "type" || words[0].starts_with('#');
    }
};

}  // namespace

std::vector<NftRule> foreign_rules(std::string_view listing) {
    std::vector<NftRule> found;
    Place place;
    for (const std::string_view line : lines_of(listing))
        if (!place.moves(line) && place.foreign && !place.chain.empty())
            found.push_back({place.table, place.chain, std::string{trimmed(line)}});
    return found;
}

std::vector<std::string> foreign_tables(std::string_view listing) {
    std::vector<std::string> found;
    Place place;
    for (const std::string_view line : lines_of(listing))
        if (place.moves(line) && place.foreign && line.starts_with("table ")) found.push_back(place.table);
    return found;
}

}  // namespace postern::survey
