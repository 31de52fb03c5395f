// One-time lists as people have them: the client's copy of a file, of which the operator's is in the plan.
#pragma once

#include "world.h"

namespace postern::sim {

using LineSteps = std::vector<std::string>;

struct ListFile {
    std::string name;  // of the knock
    IpAddress client;
    std::vector<LineSteps> lines;  // the same as the operator has
    std::size_t next = 0;          // the first that is not marked
    unsigned failed = 0;           // lines in a row that opened nothing
};

// Fresh ones: no line, and no first step, is ever drawn twice.
[[nodiscard]] std::vector<LineSteps> draw_lines(World& world, Dice& dice, std::size_t count);

// The operator's copy. Every list stays in the plan of the world.
[[nodiscard]] inline PlannedList& planned(World& world, const ListFile& file) {
    for (PlannedList& list : world.full.lists)
        if (list.knock.name == file.name) return list;
    throw std::logic_error{file.name + " is in no plan"};
}

}  // namespace postern::sim
