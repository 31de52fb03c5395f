#include "config/nearest.h"

#include <algorithm>

namespace postern::config {
namespace {

constexpr std::size_t longest = 64;  // longer words are nobody's slip

// Optimal string alignment distance.
std::size_t slips(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t wrong = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({wrong, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& known) {
    std::size_t fewest = word.size() <= 3 ? 2 : 3;  // to be undercut
    std::optional<std::string_view> best;
    if (word.size() > longest) return best;
    for (const std::string_view candidate : known)
        if (const std::size_t count = slips(word, candidate.substr(0, longest)); count < fewest) {
            fewest = count;
            best = candidate;
        }
    return best;
}

}  // namespace postern::config
