// What an operator should know of one-time lists: how many lines are left, and whether the disk lets them be used.
#pragma once

#include <string>
#include <vector>

#include "gate/line_memory.h"

namespace postern {

struct Engine;

struct ListState {
    LinesLeft lines;
    std::string name;          // of the knock
    std::string trouble;       // why nothing can be written; empty: it can
    std::string void_because;  // of a list that was doubted: why

    // Nobody gets in by it.
    [[nodiscard]] bool is_dry() const { return lines.left == 0 || (lines.reserved == 0 && !trouble.empty()); }
    // Soon, or at the end of the window that is listened to.
    [[nodiscard]] bool runs_dry() const noexcept { return lines.left < lines.look_ahead + std::size_t{2}; }

    // "knocks.door: 3 of 120 lines are left"
    [[nodiscard]] std::string sentence() const;
};

// Of the policy in force. Thread: main.
[[nodiscard]] std::vector<ListState> lists_of(Engine& engine);

}  // namespace postern
