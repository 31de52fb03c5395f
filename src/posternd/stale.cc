#include "posternd/stale.h"

#include <algorithm>
#include <cstdio>

#include "posternd/last_good.h"

namespace postern {
namespace {

void complain(const std::string& line) { std::fprintf(stderr, "posternd: %s\n", line.c_str()); }

}  // namespace

std::string stale_line(const House& house) {
    const std::size_t count = house.policy_stale.size();
    return "policy_stale: " + house.policy_file.string() + " has " + std::to_string(count) +
           (count == 1 ? " mistake" : " mistakes") + "; the last good policy is in force";
}

void keep_copy(House& house, const config::PolicyText& text) {
    const auto kept = keep_last_good(house.state_directory, house.policy_file, text);
    house.copy_trouble = kept ? std::string{} : kept.error().text;
}

void begin_with(House& house, const config::PolicyText& text, const std::vector<std::string>& mistakes) {
    house.policy_stale = mistakes;
    if (mistakes.empty()) {
        keep_copy(house, text);
        if (!house.copy_trouble.empty()) complain(house.copy_trouble);
        return;
    }
    house.tell(log::engine_event(log::What::policy_stale, mistakes.front(), house.started, mistakes.size()));
    complain(stale_line(house));
    for (std::size_t i = 0; i < std::min(mistakes.size(), most_mistakes_told); ++i) complain(mistakes[i]);
}

}  // namespace postern
