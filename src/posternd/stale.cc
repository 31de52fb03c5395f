#include "posternd/stale.h"

#include <algorithm>
#include <cstdio>

#include "posternd/last_good.h"

namespace postern {
namespace {

void complain(const std::string& line) { std::fprintf(stderr, "posternd: %s\n", line.c_str()); }

}  // namespace

std::string stale_line(const Engine& engine) {
    const std::size_t count = engine.policy_stale.size();
    return "policy_stale: " + engine.policy_file.string() + " has " + std::to_string(count) +
           (count == 1 ? " mistake" : " mistakes") + "; the last good policy is in force";
}

void keep_copy(Engine& engine, const config::PolicyText& text) {
    const auto kept = keep_last_good(engine.state_directory, engine.policy_file, text);
    engine.copy_trouble = kept ? std::string{} : kept.error().text;
}

void begin_with(Engine& engine, const config::PolicyText& text, const std::vector<std::string>& mistakes) {
    engine.policy_stale = mistakes;
    if (mistakes.empty()) {
        keep_copy(engine, text);
        if (!engine.copy_trouble.empty()) complain(engine.copy_trouble);
        return;
    }
    engine.tell(log::engine_event(log::What::policy_stale, mistakes.front(), engine.started, mistakes.size()));
    complain(stale_line(engine));
    for (std::size_t i = 0; i < std::min(mistakes.size(), most_mistakes_told); ++i) complain(mistakes[i]);
}

}  // namespace postern
