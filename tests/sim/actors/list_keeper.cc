// The operator of one-time lists: writes lines behind the others, takes out what is used, moves lines to another list,
// takes a list away for a while, changes how far is looked ahead; makes mistakes; and sends a new file to whoever calls
// because nothing opens any more. Client and gate get each change at once.
#include <algorithm>

#include "actors.h"
#include "actors/list_files.h"

namespace postern::sim {
namespace {

using namespace std::chrono_literals;

class ListKeeper {
public:
    explicit ListKeeper(World& world) : world_{world}, dice_{world.dice.split()} {}

    void act() {
        ListFile& file = *dice_.pick(world_.list_files);
        switch (dice_.below(8)) {
            case 0: return look_ahead(file);
            case 1: return take_out_used(file);
            case 2: return move_last_line(file);
            case 3: return take_away(file);
            case 4: return dice_.chance(20) ? write_used_behind(file) : renew(file);
            default: return append(file);
        }
    }
    void answer_calls() {
        for (const auto& file : world_.list_files)
            if (file->failed >= 7 || file->next >= file->lines.size()) renew(*file);
    }

private:
    void append(ListFile& file) {
        for (LineSteps& line : draw_lines(world_, dice_, dice_.between(1, 10))) file.lines.push_back(std::move(line));
        give_out(file);
    }
    void look_ahead(const ListFile& file) {
        constexpr std::uint8_t some[] = {1, 2, 5, 5, 9, 16};
        planned(world_, file).look_ahead = dice_.pick(some);
        give_out(file);
    }
    void take_out_used(ListFile& file) {
        file.lines.erase(file.lines.begin(), file.lines.begin() + static_cast<std::ptrdiff_t>(file.next));
        file.next = 0;
        give_out(file);
    }
    void move_last_line(ListFile& file) {
        ListFile& other = *dice_.pick(world_.list_files);
        if (&other == &file || file.lines.size() < file.next + 12) return;
        other.lines.push_back(file.lines.back());
        file.lines.pop_back();
        planned(world_, other).lines = other.lines;
        give_out(file);
    }
    void take_away(const ListFile& file) {
        if (old_copies()) return;
        Plan plan = world_.host.plan();
        std::erase_if(plan.lists, [&](const PlannedList& list) { return list.knock.name == file.name; });
        world_.host.plan(plan);
        world_.agenda.in(dice_.between(1s, 10s), [this, &file] { give_out(file); });
    }
    // None of the others is good any more, and so the client calls.
    void write_used_behind(ListFile& file) {
        if (file.next == 0) return;
        file.lines.push_back(file.lines.front());
        file.lines.erase(file.lines.begin());
        --file.next;
        give_out(file);
    }
    // Used ones in front do no harm.
    void renew(ListFile& file) {
        const std::size_t used = old_copies() ? 0 : dice_.below(1 + std::min<std::size_t>(3, file.next));
        file.lines.resize(used);
        for (LineSteps& line : draw_lines(world_, dice_, dice_.between(8, 30))) file.lines.push_back(std::move(line));
        file.next = used;
        file.failed = 0;
        give_out(file);
    }

    void give_out(const ListFile& file) {
        planned(world_, file).lines = file.lines;
        Plan plan = world_.host.plan();
        plan.lists = world_.full.lists;
        mend(plan);
        world_.host.plan(plan);
    }

    // Behind one only the lines count as used that the policy has then.
    [[nodiscard]] bool old_copies() const { return world_.climate.old_copies; }

    World& world_;
    Dice dice_;
};

}  // namespace

void add_list_keeper(World& world) {
    if (world.climate.lists == 0) return;
    const auto keeper = std::make_shared<ListKeeper>(world);
    world.often(world.dice.split(), 5s, 40s, [keeper] { keeper->act(); });
    world.often(world.dice.split(), 3s, 10s, [keeper] { keeper->answer_calls(); });
}

}  // namespace postern::sim
