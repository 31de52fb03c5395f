#include "posternd/lists.h"

#include "posternd/engine.h"

namespace postern {
namespace {

std::string count_left(const LinesLeft& lines) {
    const std::string of = " of " + std::to_string(lines.of) + (lines.of == 1 ? " line" : " lines");
    if (lines.left == 0) return "none" + of + " is left";
    return std::to_string(lines.left) + of + (lines.left == 1 ? " is left" : " are left");
}

}  // namespace

std::string ListState::sentence() const {
    const std::string start = "knocks." + name + ": ";
    if (lines.left > 0 && is_dry())
        return start + "refused as knock_not_durable until the disk takes lines: " + trouble;
    const std::string why =
        lines.doubted ? "; " + void_because + ", so its lines counted as used: give it new ones" : std::string{};
    return start + count_left(lines) + why;
}

std::vector<ListState> lists_of(Engine& engine) {
    std::vector<ListState> states;
    const auto policy = engine.current.get();
    const Keeper::Report report = engine.keeper->report();
    for (const LinesLeft& lines : engine.tables.lines().with([](const LineMemory& memory) { return memory.left(); }))
        if (const Client* knock = policy->client(lines.knock))
            states.push_back({lines, knock->name, report.trouble, report.lines_warning});
    return states;
}

}  // namespace postern
