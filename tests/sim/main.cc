// Runs worlds, one seed after the other, and stops at the first that breaks something.
#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>

#include "group.h"
#include "sibling.h"
#include "world.h"

namespace postern::sim {
namespace {

constexpr const char* about =
    "Runs simulated worlds around the gate, each from its seed, and stops at the first in which\n"
    "something is broken that must hold. Exit code 0: nothing was; 1: something was; 2: wrong use.\n"
    "Every hundredth seed runs with real cryptography, the others with a group that costs nothing.";

struct Options {
    std::uint64_t seed = 1, seeds = 1;
    std::optional<unsigned> minutes;
    std::string list;
    bool real = false, trace = false, twice = false;
};

struct Task {
    std::uint64_t seed = 1;
    std::optional<unsigned> minutes;
    bool real = false;
};

std::string command_for(const Task& task) {
    std::string text = "tests/sim/sim --seed " + std::to_string(task.seed);
    if (task.minutes) text += " --minutes " + std::to_string(*task.minutes);
    return text + (task.real ? " --real" : "");
}

void print(const Outcome& outcome, std::chrono::duration<double> took) {
    std::cout << outcome.minutes << " min, " << outcome.clients << " clients, " << outcome.lives << " lives, "
              << outcome.packets << " packets, " << outcome.lines.opened << " lines, " << outcome.lines.owed
              << " owed, " << outcome.lines.again << " again, " << outcome.grants << " grants, " << outcome.accepted
              << " let in, " << outcome.welcomed << " had to be; " << std::hex << outcome.digest << std::dec << "; "
              << took.count() << " s" << std::endl;
}

bool holds(const Task& task, const Options& options) {
    std::cout << "seed " << task.seed << ": " << std::flush;
    const auto began = std::chrono::steady_clock::now();
    const Settings settings{task.seed, task.minutes, options.trace ? &std::cout : nullptr, {}, true};
    Outcome outcome = run(settings);
    if (options.twice && !outcome.complaint && run(settings).digest != outcome.digest)
        outcome.complaint = "the same seed gave another run";
    print(outcome, std::chrono::steady_clock::now() - began);
    if (!outcome.complaint) return true;
    std::cout << "seed " << task.seed << " " << *outcome.complaint << "\nagain: " << command_for(task) << " --trace"
              << std::endl;
    return false;
}

// Programs differ in the group that they are linked with.
bool run_here_or_beside(const Task& task, const Options& options) {
    if (task.real == real_cryptography) return holds(task, options);
    std::vector<std::string> arguments{"--seed", std::to_string(task.seed), task.real ? "--real" : "--no-real"};
    if (task.minutes) arguments.insert(arguments.end(), {"--minutes", std::to_string(*task.minutes)});
    if (options.trace) arguments.push_back("--trace");
    if (options.twice) arguments.push_back("--twice");
    return run_sibling(task.real ? "sim-real" : "sim", arguments);
}

// "seed", or "seed minutes"; what follows a # is why.
std::vector<Task> listed(const std::string& file) {
    std::vector<Task> tasks;
    std::ifstream lines{file};
    if (!lines) throw CLI::ValidationError{"--list", file + ": cannot be read"};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line.substr(0, line.find('#'))};
        Task task;
        if (!(words >> task.seed)) continue;
        if (unsigned minutes = 0; words >> minutes) task.minutes = minutes;
        tasks.push_back(task);
    }
    return tasks;
}

std::vector<Task> tasks_of(const Options& options) {
    std::vector<Task> tasks = options.list.empty() ? std::vector<Task>{} : listed(options.list);
    for (std::uint64_t seed = options.seed; seed < options.seed + options.seeds; ++seed)
        tasks.push_back({seed, options.minutes, options.real || (seed % 100 == 0 && options.seeds > 1)});
    return tasks;
}

Options parse(int argc, char** argv) {
    Options options;
    CLI::App app{about};
    app.add_option("--seed", options.seed, "the first seed; 1 where it is not given")->type_name("N");
    app.add_option("--seeds", options.seeds, "how many, counted up from the first")->type_name("N");
    app.add_option("--list", options.list, "run the seeds in this file before: seeds.txt")->type_name("FILE");
    app.add_option("--minutes", options.minutes, "of simulated time; else the seed says")->type_name("N");
    app.add_flag("--real,!--no-real", options.real, "real cryptography");
    app.add_flag("--trace", options.trace, "print every event");
    app.add_flag("--twice", options.twice, "run every seed twice, and compare the digests of all verdicts");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error) == 0 ? 0 : 2);
    }
    return options;
}

int main_of(int argc, char** argv) {
    const Options options = parse(argc, argv);
    try {
        for (const Task& task : tasks_of(options))
            if (!run_here_or_beside(task, options)) return 1;
    } catch (const std::exception& error) {
        std::cerr << "sim: " << error.what() << "\n";
        return 2;
    }
    return 0;
}

}  // namespace
}  // namespace postern::sim

int main(int argc, char** argv) { return postern::sim::main_of(argc, argv); }
