// The program's standard streams are files in memory: it never waits for us, and we wait only for its end.
#include "io/process.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace postern::io {
namespace {

constexpr const char* directories[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"};
constexpr const char* environment[] = {"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
                                       nullptr};

// A file in memory, closed with the object.
class MemoryFile {
public:
    explicit MemoryFile(const char* name) : descriptor_{memfd_create(name, MFD_CLOEXEC)} {}
    ~MemoryFile() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    // Leaves the offset at the beginning, where the program starts to read.
    [[nodiscard]] bool fill(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = write(descriptor_, text.data(), text.size());
            if (written <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        return lseek(descriptor_, 0, SEEK_SET) == 0;
    }

    [[nodiscard]] std::string text() const {
        std::string all;
        std::array<char, 4096> part{};
        for (off_t at = 0;;) {
            const ssize_t count = pread(descriptor_, part.data(), part.size(), at);
            if (count <= 0) return all;
            all.append(part.data(), static_cast<std::size_t>(count));
            at += count;
        }
    }

private:
    int descriptor_;
};

std::string found(const std::string& program) {
    if (program.find('/') != std::string::npos) return program;
    for (const char* directory : directories)
        if (const std::string path = fmt::format("{}/{}", directory, program); access(path.c_str(), X_OK) == 0)
            return path;
    return {};
}

int spawned(pid_t& child, const std::string& path, const std::vector<std::string>& argv,
            const std::array<const MemoryFile*, 3>& streams) {
    posix_spawn_file_actions_t actions;
    if (const int error = posix_spawn_file_actions_init(&actions)) return error;
    int error = 0;
    for (int i = 0; i < 3 && error == 0; ++i)
        error = posix_spawn_file_actions_adddup2(&actions, streams[static_cast<std::size_t>(i)]->descriptor(), i);
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    if (error == 0)
        error = posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(),
                            const_cast<char* const*>(environment));
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int exit_code(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool installed(const std::string& program) { return !found(program).empty(); }

bool same_program(const std::string& one, const std::string& other) {
    std::error_code error;
    return one == other || std::filesystem::equivalent(found(one), found(other), error);
}

Result<Finished> run(const std::vector<std::string>& argv, std::string_view input) {
    const std::string path = found(argv.front());
    if (path.empty()) return failure(fmt::format("{} is not installed", argv.front()));
    const MemoryFile in{"stdin"}, out{"stdout"}, errors{"stderr"};
    if (in.descriptor() < 0 || out.descriptor() < 0 || errors.descriptor() < 0 || !in.fill(input))
        return failure(fmt::format("cannot run {}: no memory for its streams: {}", argv.front(), std::strerror(errno)));
    pid_t child = 0;
    if (const int error = spawned(child, path, argv, {&in, &out, &errors}))
        return failure(fmt::format("cannot run {}: {}", path, std::strerror(error)));
    Finished finished;
    finished.exit_code = exit_code(child);
    finished.output = out.text();
    finished.errors = errors.text();
    return finished;
}

}  // namespace postern::io
