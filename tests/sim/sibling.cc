#include "sibling.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace postern::sim {

bool run_sibling(const std::string& name, const std::vector<std::string>& arguments) {
    const std::string program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawn(&child, program.c_str(), nullptr, nullptr, words.data(), environ) != 0)
        throw std::runtime_error{program + ": cannot be started"};
    int status = 0;
    if (waitpid(child, &status, 0) != child) throw std::runtime_error{program + ": cannot be waited for"};
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace postern::sim
